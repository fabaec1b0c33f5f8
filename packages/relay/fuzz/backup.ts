/** Fuzz target: a backup file. Any bytes are read whole, or refused with a typed error. */
import { isHyphaeError } from '@hyphae/core'
import type { Entry } from '../src/engine/engine.js'
import { readBackup, writeBackup } from '../src/operate/backup-file.js'
import type { FuzzTarget } from './target.js'

async function* once<T>(...values: T[]): AsyncGenerator<T> {
  yield* values
}

async function read(input: Uint8Array): Promise<Entry[][] | undefined> {
  const chunks: Entry[][] = []
  try {
    for await (const chunk of readBackup(once(input))) chunks.push(chunk)
    return chunks
  } catch (error) {
    if (!isHyphaeError(error, 'relay/bad-backup')) throw error
    return undefined
  }
}

export const target: FuzzTarget = {
  name: 'relay/backup',
  run: async (input) => {
    const chunks = await read(input)
    if (chunks === undefined) return
    const again: Uint8Array[] = []
    for await (const bytes of writeBackup(once(...chunks))) again.push(bytes)
    if (Buffer.compare(Buffer.concat(again), input) !== 0) throw new Error('a backup has a second form')
  },
}
