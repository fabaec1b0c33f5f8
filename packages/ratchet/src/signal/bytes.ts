/** Big-endian counters and fixed text, as the Signal specifications write them into key derivations. */
import { utf8 } from '@hyphae/core'

/** "No salt" of RFC 5869: 32 zero bytes. */
export const ZERO_SALT: Uint8Array = new Uint8Array(32)

export function be32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** `value` is a safe integer. */
export function be64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

export function label(text: string): Uint8Array {
  return utf8(text)
}
