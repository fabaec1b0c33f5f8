/** Terms of a box as engines that share their state keep them. spec/relay-engines.md. */
import type { BoxTerms } from '@hyphae/transport-relay/wire'

const KEY_AT = 15
const VALUE_BYTES = 47

export interface HeldTerms {
  /** Epoch milliseconds. */
  readonly until: number
  readonly terms: BoxTerms
}

/** until u64 | accepts u16 | work bits u8 | quota u32 | capability key 32 */
export function encodeTerms(until: number, terms: BoxTerms): Uint8Array {
  const value = Buffer.alloc(VALUE_BYTES)
  value.writeBigUInt64LE(BigInt(until), 0)
  value.writeUInt16LE(terms.accepts, 8)
  value[10] = terms.workBits
  value.writeUInt32LE(terms.quota, 11)
  value.set(terms.capabilityKey, KEY_AT)
  return value
}

export function decodeTerms(value: Uint8Array): HeldTerms {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return {
    until: Number(bytes.readBigUInt64LE(0)),
    terms: {
      accepts: bytes.readUInt16LE(8),
      workBits: bytes.readUInt8(10),
      quota: bytes.readUInt32LE(11),
      capabilityKey: Uint8Array.from(value.subarray(KEY_AT, VALUE_BYTES)),
    },
  }
}
