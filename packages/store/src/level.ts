/** Entry `@hyphae/store/level` on Node: a LevelDB folder. */
import { mkdir } from 'node:fs/promises'
import type { Store } from '@hyphae/core'
import { ClassicLevel } from 'classic-level'
import { asHyphaeError } from './errors.js'
import { levelEngine } from './level-engine.js'
import { type OpenOptions, openStore } from './open.js'
import { modeOf, type Protection } from './protection.js'

export type LevelStoreOptions = Protection & OpenOptions

/** Only the owner may look into the folder: names and sizes of files tell something too. */
const FOLDER_MODE = 0o700

/**
 * Opens or makes the store in the folder `location`; one process at a time.
 * @throws StoreError `store/locked`, `store/wrong-key`, `store/wrong-mode`, `store/bad-options`, `store/corrupt`,
 * `store/full`, `store/io`
 */
export async function levelStore(location: string, options: LevelStoreOptions): Promise<Store> {
  // First, so that a refusal leaves nothing behind.
  modeOf(options)
  const open = async (): Promise<ClassicLevel<Uint8Array, Uint8Array>> => {
    await mkdir(location, { recursive: true, mode: FOLDER_MODE })
    const level = new ClassicLevel<Uint8Array, Uint8Array>(location, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      // Ciphertext does not compress.
      compression: 'unsafePlaintext' in options,
    })
    await level.open()
    return level
  }
  try {
    return await openStore(await levelEngine({ open, reopenAfterFailure: true, inlineReads: true }), options)
  } catch (cause) {
    throw asHyphaeError(cause)
  }
}
