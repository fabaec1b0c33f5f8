/** The incremental hash as the interface describes it, over a platform's own hash object. */
import { CryptoError } from './errors.js'
import type { Hasher } from './provider.js'

interface PlatformHash {
  update(data: Uint8Array): unknown
  digest(): Uint8Array
}

/** Gives every platform the same answer to use after `digest`: CryptoError `crypto/hasher-spent`. */
export function hasherOver(platform: PlatformHash): Hasher {
  let live: PlatformHash | undefined = platform
  const current = (): PlatformHash => {
    if (live === undefined) throw new CryptoError('crypto/hasher-spent')
    return live
  }
  const hasher: Hasher = {
    update(data) {
      current().update(data)
      return hasher
    },
    digest() {
      const digest = current().digest()
      live = undefined
      // Node answers with a Buffer, whose slice shares memory.
      return new Uint8Array(digest.buffer, digest.byteOffset, digest.length)
    },
  }
  return hasher
}
