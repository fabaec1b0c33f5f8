/** Entry `@hyphae/store/level` in browsers: an IndexedDB database, held by one tab through a Web Lock. */
import type { Store } from '@hyphae/core'
import { BrowserLevel } from 'browser-level'
import { asHyphaeError } from './errors.js'
import { levelEngine } from './level-engine.js'
import { type OpenOptions, openStore } from './open.js'
import { modeOf, type Protection } from './protection.js'
import { holdWebLock } from './web-lock.js'

export type LevelStoreOptions = Protection & OpenOptions

/**
 * Opens or makes the IndexedDB database `location`; one tab at a time.
 * @throws StoreError `store/locked`, `store/wrong-key`, `store/wrong-mode`, `store/bad-options`, `store/corrupt`,
 * `store/full`, `store/io`
 */
export async function levelStore(location: string, options: LevelStoreOptions): Promise<Store> {
  // First, so that a refusal leaves nothing behind.
  modeOf(options)
  const release = await holdWebLock(`hyphae-store:${location}`)
  const open = async (): Promise<BrowserLevel<Uint8Array, Uint8Array>> => {
    const level = new BrowserLevel<Uint8Array, Uint8Array>(location, {
      prefix: 'hyphae-',
      keyEncoding: 'view',
      valueEncoding: 'view',
    })
    await level.open()
    return level
  }
  try {
    const engine = await levelEngine({ open, reopenAfterFailure: false, inlineReads: false })
    return await openStore(engine, options, release)
  } catch (cause) {
    release()
    throw asHyphaeError(cause)
  }
}
