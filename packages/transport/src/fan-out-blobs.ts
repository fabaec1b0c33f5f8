/** The Blobs of several carriers: stored at the first that stores, read from whichever has them. */
import type { Blobs } from '@hyphae/core'
import type { Asker } from './first-success.js'

export interface NamedBlobs {
  readonly name: string
  readonly blobs: Blobs
}

/** True when `data` is what `hash` names. With it a carrier's wrong answer only makes the next one be asked. */
export type VerifyBlob = (hash: Uint8Array, data: Uint8Array) => boolean

export function fanOutBlobs(carriers: readonly NamedBlobs[], asker: Asker, verify?: VerifyBlob): Blobs {
  return {
    put: async (items, options) => {
      await asker.first(carriers, 'put blobs', ({ blobs }) => blobs.put(items, options))
    },
    has: async (hashes, options) => {
      const answers = await asker.all(carriers, 'has blobs', ({ blobs }) => blobs.has(hashes, options))
      return hashes.map((_, index) => answers.some((answer) => answer[index] === true))
    },
    get: async (hashes, options) => {
      const found: (Uint8Array | undefined)[] = hashes.map(() => undefined)
      let answered = 0
      let last: unknown
      for (const carrier of carriers) {
        const missing = hashes.flatMap((hash, index) => (found[index] === undefined ? [{ hash, index }] : []))
        if (missing.length === 0 && answered > 0) break
        try {
          const asked = missing.map(({ hash }) => hash)
          const answer = await asker.first([carrier], 'get blobs', ({ blobs }) => blobs.get(asked, options))
          answered += 1
          missing.forEach(({ hash, index }, position) => {
            const data = answer[position]
            if (data !== undefined && verify?.(hash, data) !== false) found[index] = data
          })
        } catch (error) {
          last = error
        }
      }
      if (answered === 0) throw last
      return found
    },
  }
}
