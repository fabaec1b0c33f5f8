/**
 * Encrypted records (spec/store.md, "Records").
 *
 *   stored key   = part*; a text or bytes part becomes tag ‖ HMAC-SHA256(blindKey, what precedes ‖ part)[0..16],
 *                  a number stays as it is
 *   stored value = nonce:24 ‖ XChaCha20-Poly1305(valueKey, nonce, tupleLength:u16le ‖ tuple ‖ value),
 *                  associated data: the stored key
 *
 * Because what precedes enters the PRF, the same id blinds differently in different tables. Knows nothing of
 * engines, nor where the keys come from.
 */
import { concatBytes, type KeyPart } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { OpenedRecord, RecordCodec } from './codec.js'
import { StoreError } from './errors.js'
import { MAX_CACHED_TABLES } from './limits.js'
import { encodePart, encodeTuple } from './tuple.js'

export const BLIND_BYTES = 16
const NONCE_BYTES = 24
const TAG_BYTES = 16
const LENGTH_BYTES = 2

export interface RecordKeys {
  /** 32 bytes. */
  readonly value: Uint8Array
  /** 32 bytes. */
  readonly blind: Uint8Array
}

export function sealedCodec(crypto: CryptoProvider, keys: RecordKeys): RecordCodec {
  const tables = new Map<string, Uint8Array>()

  const blind = (before: Uint8Array, part: KeyPart): Uint8Array => {
    const encoded = encodePart(part)
    if (typeof part === 'number') return encoded
    const token = crypto.hmacSha256(keys.blind, concatBytes(before, encoded)).subarray(0, BLIND_BYTES)
    return concatBytes(encoded.subarray(0, 1), token)
  }
  const table = (name: string): Uint8Array => {
    const known = tables.get(name)
    if (known !== undefined) return known
    const stored = blind(new Uint8Array(), name)
    if (tables.size < MAX_CACHED_TABLES) tables.set(name, stored)
    return stored
  }

  return {
    locate: (key) => {
      const tuple = encodeTuple(key)
      const [name, ...rest] = key
      let stored = table(name)
      for (const part of rest) stored = concatBytes(stored, blind(stored, part))
      return { tuple, stored }
    },
    seal: (stored, tuple, value) => {
      const nonce = crypto.randomBytes(NONCE_BYTES)
      const plaintext = frame(tuple, value)
      const sealed = crypto.xchacha20Poly1305.seal(keys.value, nonce, plaintext, stored)
      plaintext.fill(0)
      return concatBytes(nonce, sealed)
    },
    open: (stored, sealed) => {
      if (sealed.length < NONCE_BYTES + LENGTH_BYTES + TAG_BYTES) throw damaged(sealed.length)
      const nonce = sealed.subarray(0, NONCE_BYTES)
      const plaintext = crypto.xchacha20Poly1305.open(keys.value, nonce, sealed.subarray(NONCE_BYTES), stored)
      if (plaintext === null) throw damaged(sealed.length)
      return unframe(plaintext)
    },
  }
}

function frame(tuple: Uint8Array, value: Uint8Array): Uint8Array {
  const framed = new Uint8Array(LENGTH_BYTES + tuple.length + value.length)
  framed[0] = tuple.length & 0xff
  framed[1] = tuple.length >>> 8
  framed.set(tuple, LENGTH_BYTES)
  framed.set(value, LENGTH_BYTES + tuple.length)
  return framed
}

function unframe(plaintext: Uint8Array): OpenedRecord {
  const length = (plaintext[0] as number) | ((plaintext[1] as number) << 8)
  const start = LENGTH_BYTES + length
  if (start > plaintext.length) throw damaged(plaintext.length)
  return { tuple: plaintext.slice(LENGTH_BYTES, start), value: plaintext.slice(start) }
}

function damaged(recordBytes: number): StoreError {
  return new StoreError('store/corrupt', { details: { recordBytes } })
}
