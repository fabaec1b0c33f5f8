/**
 * How records look to an engine. A codec turns a key into the stored key and a value into the stored value;
 * the plain ones are here, the encrypting one in `sealed-codec.ts`. Knows nothing of engines.
 */
import { concatBytes, equalBytes, type StoreKey } from '@hyphae/core'
import { StoreError } from './errors.js'
import { encodeTuple } from './tuple.js'

export interface OpenedRecord {
  /** The key as `encodeTuple` gave it. */
  readonly tuple: Uint8Array
  readonly value: Uint8Array
}

export interface Place {
  /** The key as `encodeTuple` gives it. */
  readonly tuple: Uint8Array
  /** The key as the engine sees it. */
  readonly stored: Uint8Array
}

export interface RecordCodec {
  /** Where a key is stored. The place of a prefix of a key is a prefix of its place; numbers keep their order. */
  locate(key: StoreKey): Place
  seal(stored: Uint8Array, tuple: Uint8Array, value: Uint8Array): Uint8Array
  /** @throws StoreError `store/corrupt` when the record is not what `seal` made for this stored key */
  open(stored: Uint8Array, sealed: Uint8Array): OpenedRecord
}

/** Records as they are: for memory, where nothing can tear them. */
export const plainCodec: RecordCodec = {
  locate: plainPlace,
  seal: (_stored, _tuple, value) => value,
  open: (stored, value) => ({ tuple: stored, value }),
}

const CHECKSUM_BYTES = 8

/**
 * Plaintext on disk: value ‖ first 8 bytes of SHA-256(stored key ‖ value). It finds accidents, not forgeries.
 */
export function checkedCodec(sha256: (data: Uint8Array) => Uint8Array): RecordCodec {
  const checksum = (stored: Uint8Array, value: Uint8Array): Uint8Array =>
    sha256(concatBytes(stored, value)).subarray(0, CHECKSUM_BYTES)
  return {
    locate: plainPlace,
    seal: (stored, _tuple, value) => concatBytes(value, checksum(stored, value)),
    open: (stored, sealed) => {
      const end = sealed.length - CHECKSUM_BYTES
      const value = sealed.slice(0, Math.max(0, end))
      if (end < 0 || !equalBytes(checksum(stored, value), sealed.subarray(end)))
        throw new StoreError('store/corrupt', { details: { recordBytes: sealed.length } })
      return { tuple: stored, value }
    },
  }
}

function plainPlace(key: StoreKey): Place {
  const tuple = encodeTuple(key)
  return { tuple, stored: tuple }
}
