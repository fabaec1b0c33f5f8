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
  const found = native.from(text, 'base64')
  const bytes = new Uint8Array(found)
  // Only the last group can have bits that belong to no byte.
  const last = bytes.subarray(Math.max(0, bytes.length - (bytes.length % 3 || 3)))
  return text.endsWith(encodeBase64(last)) ? bytes : null
}
