/**
 * The bytes of an unsigned message: 24 more than it says.
 *
 *   0  2  epoch tag    tells which epoch; every member of it knows the tag
 *   2  6  header       leaf u16 ‖ device u8 ‖ counter u24, masked
 *   8  …  ciphertext ‖ 16-byte tag   ChaCha20-Poly1305; associated data: the first eight bytes, unmasked
 *
 *   mask = first six bytes of ChaCha20(header key, nonce = last twelve bytes of the message)
 *
 * The nonce of the AEAD is the counter; a key is used once. Numbers are little-endian, as in all formats that
 * are not RFC 9420's. Knows no chain.
 */
import { concatBytes } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { MlsError } from '../errors.js'

export const TAG_BYTES = 2
const HEADER_BYTES = 6
const AEAD_TAG_BYTES = 16
const NONCE_BYTES = 12
export const LITE_OVERHEAD: number = TAG_BYTES + HEADER_BYTES + AEAD_TAG_BYTES

/** What all members of an epoch share: which messages are of it, and who they say they are from. */
export interface EpochMarks {
  readonly tag: Uint8Array
  readonly headerKey: Uint8Array
}

export interface LiteHeader {
  readonly leaf: number
  readonly device: number
  readonly counter: number
}

function headerBytes({ leaf, device, counter }: LiteHeader): Uint8Array {
  return Uint8Array.of(leaf, leaf >>> 8, device, counter, counter >>> 8, counter >>> 16)
}

function nonceOf({ counter }: LiteHeader): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES)
  nonce.set([counter, counter >>> 8, counter >>> 16])
  return nonce
}

function masked(crypto: CryptoProvider, key: Uint8Array, sample: Uint8Array, header: Uint8Array): Uint8Array {
  const mask = crypto.chacha20(key, sample, HEADER_BYTES)
  return header.map((byte, i) => byte ^ (mask[i] as number))
}

export function sealFrame(
  crypto: CryptoProvider,
  marks: EpochMarks,
  header: LiteHeader,
  key: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const plain = headerBytes(header)
  const aad = concatBytes(marks.tag, plain)
  const sealed = crypto.chacha20Poly1305.seal(key, nonceOf(header), plaintext, aad)
  const sample = sealed.subarray(sealed.length - NONCE_BYTES)
  return concatBytes(marks.tag, masked(crypto, marks.headerKey, sample, plain), sealed)
}

/** Null when the message is not of this epoch. What it says is not yet authenticated. */
export function readHeader(crypto: CryptoProvider, marks: EpochMarks, frame: Uint8Array): LiteHeader | null {
  if (frame.length < LITE_OVERHEAD || !marks.tag.every((byte, i) => byte === frame[i])) return null
  const sample = frame.subarray(frame.length - NONCE_BYTES)
  const header = masked(crypto, marks.headerKey, sample, frame.slice(TAG_BYTES, TAG_BYTES + HEADER_BYTES))
  const [l0, l1, device, c0, c1, c2] = header as unknown as [number, number, number, number, number, number]
  return { leaf: l0 | (l1 << 8), device, counter: c0 | (c1 << 8) | (c2 << 16) }
}

/** @throws MlsError `mls/undecryptable` */
export function openFrame(
  crypto: CryptoProvider,
  marks: EpochMarks,
  header: LiteHeader,
  key: Uint8Array,
  frame: Uint8Array,
): Uint8Array {
  const aad = concatBytes(marks.tag, headerBytes(header))
  const sealed = frame.subarray(TAG_BYTES + HEADER_BYTES)
  const plaintext = crypto.chacha20Poly1305.open(key, nonceOf(header), sealed, aad)
  if (plaintext === null) throw new MlsError('mls/undecryptable')
  return plaintext
}
