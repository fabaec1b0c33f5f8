/** The Blobs port over a relay: one request a blob, many in a message. The caller checks hashes. */
import type { Blobs } from '@hyphae/core'
import { checkLength } from './check.js'
import type { Dialer } from './dialer.js'
import { RelayCarrierError } from './errors.js'
import { MAX_BLOB_BYTES } from './limits.js'

const HASH_BYTES = 32

export function createBlobs(dialer: Dialer): Blobs {
  const checkHashes = (hashes: readonly Uint8Array[]): void => {
    for (const hash of hashes) checkLength(hash, HASH_BYTES, 'hash')
  }
  return {
    put: async (blobs, { signal } = {}) => {
      for (const { hash, data } of blobs) {
        checkLength(hash, HASH_BYTES, 'hash')
        if (data.length > MAX_BLOB_BYTES)
          throw new RelayCarrierError('relay-carrier/bad-input', { details: { blobBytes: data.length } })
      }
      const options = { repeatable: true, signal }
      await Promise.all(
        blobs.map(({ hash, data }) => dialer.call({ kind: 'blob-put', hash, data }, 'ok', options)),
      )
    },
    get: async (hashes, { signal } = {}) => {
      checkHashes(hashes)
      const options = { repeatable: true, signal }
      const replies = await Promise.all(
        hashes.map((hash) => dialer.call({ kind: 'blob-get', hash }, 'blob', options)),
      )
      return replies.map(({ found, data }) => (found ? data.slice() : undefined))
    },
    has: async (hashes, { signal } = {}) => {
      checkHashes(hashes)
      const options = { repeatable: true, signal }
      const replies = await Promise.all(
        hashes.map((hash) => dialer.call({ kind: 'blob-has', hash }, 'flag', options)),
      )
      return replies.map(({ value }) => value)
    },
  }
}
