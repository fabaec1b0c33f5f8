/**
 * Encoding of store keys as bytes (spec/store.md, "Keys"), shared by all engines.
 *
 *   key    = part*                      first part is the table name
 *   part   = 01 length:u16le utf8       text
 *          | 02 length:u16le bytes      bytes
 *          | 03 number:u64be            non-negative safe integer
 *
 * Every part delimits itself, so the encoding of a prefix is a prefix of the encoding; numbers are big-endian,
 * so byte order is number order. Knows nothing of engines or encryption.
 */
import { concatBytes, fromUtf8, type KeyPart, type StoreKey, utf8 } from '@hyphae/core'
import { StoreError } from './errors.js'
import { MAX_KEY_BYTES, MAX_KEY_PARTS } from './limits.js'

export const TEXT_PART = 1
export const BYTES_PART = 2
export const NUMBER_PART = 3
export const NUMBER_BYTES = 9

/** Text that UTF-8 cannot carry: two different strings would become one key. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** @throws StoreError `store/bad-key`, `store/too-large` */
export function encodeTuple(key: StoreKey): Uint8Array {
  if (key.length === 0 || key.length > MAX_KEY_PARTS || typeof key[0] !== 'string')
    throw new StoreError('store/bad-key', { details: { parts: key.length } })
  const encoded = concatBytes(...key.map(encodePart))
  if (encoded.length > MAX_KEY_BYTES)
    throw new StoreError('store/too-large', { details: { keyBytes: encoded.length, limit: MAX_KEY_BYTES } })
  return encoded
}

/** Strict: canonical form only, whole input. @throws StoreError `store/corrupt` */
export function decodeTuple(encoded: Uint8Array): StoreKey {
  if (encoded.length > MAX_KEY_BYTES) throw damaged('key length')
  const parts: KeyPart[] = []
  let offset = 0
  while (offset < encoded.length) {
    const length = partLength(encoded, offset)
    if (parts.length === MAX_KEY_PARTS) throw damaged('key parts')
    parts.push(decodePart(encoded.subarray(offset, offset + length)))
    offset += length
  }
  const [table, ...rest] = parts
  if (typeof table !== 'string') throw damaged('table name')
  return [table, ...rest]
}

export function encodePart(part: KeyPart): Uint8Array {
  if (typeof part === 'number') return encodeNumber(part)
  if (typeof part === 'string') {
    const bytes = utf8(part)
    // As many bytes as characters is ASCII, which every key in use is.
    if (bytes.length !== part.length && LONE_SURROGATE.test(part))
      throw new StoreError('store/bad-key', { details: { part: 'text' } })
    return encodeSized(TEXT_PART, bytes)
  }
  if (!(part instanceof Uint8Array)) throw new StoreError('store/bad-key', { details: { part: typeof part } })
  return encodeSized(BYTES_PART, part)
}

/** @throws StoreError `store/bad-key` */
export function encodeNumber(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new StoreError('store/bad-key', { details: { part: 'number' } })
  const encoded = new Uint8Array(NUMBER_BYTES)
  encoded[0] = NUMBER_PART
  const view = new DataView(encoded.buffer)
  view.setUint32(1, Math.floor(value / 2 ** 32))
  view.setUint32(5, value >>> 0)
  return encoded
}

/** The first byte string after all that start with `prefix`. A stored prefix never consists of FF bytes only. */
export function afterPrefix(prefix: Uint8Array): Uint8Array {
  let last = prefix.length - 1
  while (last >= 0 && prefix[last] === 0xff) last--
  const after = prefix.slice(0, last + 1)
  after[last] = (after[last] ?? 0) + 1
  return after
}

function encodeSized(tag: number, content: Uint8Array): Uint8Array {
  if (content.length > MAX_KEY_BYTES)
    throw new StoreError('store/too-large', { details: { keyBytes: content.length, limit: MAX_KEY_BYTES } })
  const encoded = new Uint8Array(3 + content.length)
  encoded[0] = tag
  encoded[1] = content.length & 0xff
  encoded[2] = content.length >>> 8
  encoded.set(content, 3)
  return encoded
}

function partLength(encoded: Uint8Array, offset: number): number {
  const tag = encoded[offset]
  let length = NUMBER_BYTES
  if (tag === TEXT_PART || tag === BYTES_PART) {
    if (encoded.length - offset < 3) throw damaged('key part')
    length = 3 + ((encoded[offset + 1] as number) | ((encoded[offset + 2] as number) << 8))
  } else if (tag !== NUMBER_PART) throw damaged('key part')
  if (length > encoded.length - offset) throw damaged('key part')
  return length
}

function decodePart(part: Uint8Array): KeyPart {
  if (part[0] === BYTES_PART) return part.slice(3)
  if (part[0] === TEXT_PART) {
    try {
      return fromUtf8(part.subarray(3))
    } catch (cause) {
      throw new StoreError('store/corrupt', { details: { part: 'text' }, cause })
    }
  }
  const value = new DataView(part.buffer, part.byteOffset + 1, 8).getBigUint64(0)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged('number')
  return Number(value)
}

function damaged(part: string): StoreError {
  return new StoreError('store/corrupt', { details: { part } })
}
