/** What certificates and records share: numbers, the signature record at the end, and checks of keys. */
import { concatBytes, toHex } from '@hyphae/core'
import { assertX25519PublicKey, CryptoError, isAcceptableEd25519Key } from '@hyphae/crypto'
import { encodeRecords, readU64, writeU64 } from '@hyphae/tlv'
import { IdentityError } from './errors.js'

/** The signature is the last record, whatever unknown ones come before; it covers the label and all before it. */
export const SIGNATURE_TYPE = 254

/** Bytes of a sequence number or a time in milliseconds. */
export const NUMBER_BYTES = 8

export function withSignature(signed: Uint8Array, signature: Uint8Array): Uint8Array {
  return concatBytes(signed, encodeRecords([{ type: SIGNATURE_TYPE, value: signature }]))
}

export function numberBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(NUMBER_BYTES)
  writeU64(bytes, 0, value)
  return bytes
}

export function readNumber(bytes: Uint8Array): number {
  return readU64(bytes, 0)
}

/** @throws IdentityError `identity/bad-key` */
export function assertKeys(ed25519: readonly Uint8Array[], x25519: readonly Uint8Array[]): void {
  if (!ed25519.every(isAcceptableEd25519Key))
    throw new IdentityError('identity/bad-key', { details: { curve: 'Ed25519' } })
  try {
    x25519.forEach(assertX25519PublicKey)
  } catch (cause) {
    if (cause instanceof CryptoError)
      throw new IdentityError('identity/bad-key', { details: { curve: 'X25519' }, cause })
    throw cause
  }
}

/** @throws IdentityError `identity/duplicate-key` */
export function assertDistinct(keys: readonly Uint8Array[]): void {
  if (new Set(keys.map(toHex)).size !== keys.length) throw new IdentityError('identity/duplicate-key')
}
