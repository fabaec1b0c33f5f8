/** The Blobs port over a relay: one request a blob, many in a message. The caller checks hashes. */
import type { Blob, Blobs, IoOptions } from '@hyphae/core'
import { checkLength, checkNumber } from './check.js'
import type { Dialer } from './dialer.js'
import { RelayCarrierError } from './errors.js'
import { MAX_BLOB_BYTES } from './limits.js'
import { callWithTicket, type TicketsFor } from './tickets.js'

const HASH_BYTES = 32

export interface BlobPart {
  /** Bytes of the whole blob. */
  readonly total: number
  /** As much of what was asked for as there is. */
  readonly data: Uint8Array
}

export interface RelayBlobs extends Blobs {
  /** Bytes `from` to `from + length` of a blob; undefined where the relay has none. Only the whole has a hash. */
  range(hash: Uint8Array, from: number, length: number, options?: IoOptions): Promise<BlobPart | undefined>
}

export function createBlobs(dialer: Dialer, { blob: ticketFor }: TicketsFor = {}): RelayBlobs {
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
      const put = ({ hash, data }: Blob) =>
        callWithTicket(
          dialer,
          ticketFor?.({ hash, data }),
          { kind: 'blob-put', hash, data },
          (ticket) => ({ kind: 'blob-deposit', ticket, hash, data }),
          'ok',
          options,
        )
      await Promise.all(blobs.map(put))
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
    range: async (hash, from, length, { signal } = {}) => {
      checkLength(hash, HASH_BYTES, 'hash')
      checkNumber(from, 0, MAX_BLOB_BYTES, 'from')
      checkNumber(length, 1, MAX_BLOB_BYTES, 'length')
      const ask = { kind: 'blob-range', hash, from, length } as const
      const { found, total, data } = await dialer.call(ask, 'blob-part', { repeatable: true, signal })
      if (!found) return undefined
      if (data.length !== Math.max(0, Math.min(length, total - from)))
        throw new RelayCarrierError('relay-carrier/malformed')
      return { total, data: data.slice() }
    },
  }
}
