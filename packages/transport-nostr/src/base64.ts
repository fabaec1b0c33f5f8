/** Standard base64 with padding, strict: exactly one text for the same bytes (RFC 4648 sections 3.5 and 4). */
import { base64 } from '@scure/base'

interface BufferLike {
  from(bytes: ArrayBufferLike, offset: number, length: number): { toString(encoding: 'base64'): string }
  from(text: string, encoding: 'base64'): Uint8Array
}

// Runtimes that have Node's Buffer encode forty times faster with it than portable code does; it is no builtin import.
const { Buffer: native } = globalThis as { Buffer?: BufferLike }

export function encodeBase64(bytes: Uint8Array): string {
  if (native === undefined) return base64.encode(bytes)
  return native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/
const QUANTUM = 4
/** Last characters of a group that stands for two bytes, or for one. */
const ENDS_TWO = 'AEIMQUYcgkosw048'
const ENDS_ONE = 'AQgw'

/** Null for anything but canonical base64. */
export function decodeBase64(text: string): Uint8Array | null {
  if (text.length % QUANTUM !== 0 || !ALPHABET.test(text)) return null
  if (native === undefined) {
    try {
      return base64.decode(text)
    } catch {
      return null
    }
  }
  // Only the last character before padding can have bits that belong to no byte: these have none.
  const last = text.indexOf('=')
  if (last >= 0 && !(last === text.length - 1 ? ENDS_TWO : ENDS_ONE).includes(text[last - 1] as string))
    return null
  const { buffer, byteOffset, byteLength } = native.from(text, 'base64')
  return new Uint8Array(buffer, byteOffset, byteLength)
}
