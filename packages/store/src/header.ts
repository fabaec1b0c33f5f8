/**
 * The header record: how the store is protected (spec/store.md, "Header").
 *
 *   0   4  'HYST'
 *   4   1  version 1
 *   5   1  mode: 0 plaintext | 1 key | 2 passphrase
 *   6   1  log2 N   scrypt, zero in the other modes
 *   7   1  r
 *   8   1  p
 *   9  32  salt
 *  41  24  nonce                    modes 1 and 2 only
 *  65  48  data key and AEAD tag    XChaCha20-Poly1305 under the wrapping key, associated data: bytes 0..41
 *
 * Reading bounds every number before anything is allocated for it. Knows nothing of engines.
 */
import { concatBytes, equalBytes, utf8 } from '@hyphae/core'
import type { ScryptParameters } from '@hyphae/crypto'
import { StoreError } from './errors.js'
import { MAX_SCRYPT_BYTES, MAX_SCRYPT_PASSES } from './limits.js'

export type ProtectionMode = 'plaintext' | 'key' | 'passphrase'

export interface StoreHeader {
  readonly mode: ProtectionMode
  readonly scrypt: ScryptParameters | undefined
  /** 32 bytes. */
  readonly salt: Uint8Array
  /** nonce ‖ sealed data key, 72 bytes; empty in plaintext mode. */
  readonly wrapped: Uint8Array
}

const MAGIC: Uint8Array = utf8('HYST')
const VERSION = 1
const MODES: readonly ProtectionMode[] = ['plaintext', 'key', 'passphrase']
const SALT_OFFSET = 9
export const SALT_BYTES = 32
export const PREAMBLE_BYTES: number = SALT_OFFSET + SALT_BYTES
export const WRAPPED_BYTES = 72

/** Bytes 0..41, which the wrapping authenticates. */
export function encodePreamble(header: Omit<StoreHeader, 'wrapped'>): Uint8Array {
  const { N, r, p } = header.scrypt ?? { N: 1, r: 0, p: 0 }
  const numbers = Uint8Array.of(VERSION, MODES.indexOf(header.mode), Math.log2(N), r, p)
  return concatBytes(MAGIC, numbers, header.salt)
}

export function encodeHeader(header: StoreHeader): Uint8Array {
  return concatBytes(encodePreamble(header), header.wrapped)
}

/** @throws StoreError `store/corrupt` */
export function decodeHeader(bytes: Uint8Array): StoreHeader {
  const mode = MODES[bytes[5] ?? MODES.length]
  if (!equalBytes(bytes.subarray(0, 4), MAGIC) || bytes[4] !== VERSION || mode === undefined) throw damaged()
  if (bytes.length !== PREAMBLE_BYTES + (mode === 'plaintext' ? 0 : WRAPPED_BYTES)) throw damaged()
  return {
    mode,
    scrypt: readScrypt(mode, bytes[6] as number, bytes[7] as number, bytes[8] as number),
    salt: bytes.slice(SALT_OFFSET, PREAMBLE_BYTES),
    wrapped: bytes.slice(PREAMBLE_BYTES),
  }
}

/** True when scrypt with these costs stays inside the limits of this package. */
export function isBearableScrypt({ N, r, p }: ScryptParameters): boolean {
  const whole = Number.isSafeInteger(N) && Number.isSafeInteger(r) && Number.isSafeInteger(p)
  if (!whole || N < 2 || r < 1 || p < 1 || !Number.isInteger(Math.log2(N))) return false
  return r <= 255 && p <= MAX_SCRYPT_PASSES && 128 * N * r <= MAX_SCRYPT_BYTES
}

function readScrypt(mode: ProtectionMode, log: number, r: number, p: number): ScryptParameters | undefined {
  if (mode !== 'passphrase') {
    if (log !== 0 || r !== 0 || p !== 0) throw damaged()
    return undefined
  }
  const scrypt = { N: 2 ** log, r, p }
  if (!isBearableScrypt(scrypt)) throw damaged()
  return scrypt
}

function damaged(): StoreError {
  return new StoreError('store/corrupt', { details: { record: 'header' } })
}
