/**
 * Sealing for directories. spec/identity.md section 8.
 *
 *   key    = HKDF-SHA256(account public key, info = label [‖ writer])
 *   sealed = nonce 24 ‖ XChaCha20-Poly1305(key, nonce, length u16 ‖ plaintext ‖ zeros, associated data)
 *
 * Whoever knows the account id can open it; a carrier, which does not, learns a size in steps of 512 bytes.
 * This hides; it does not authenticate: that is what the signatures inside are for.
 */
import { concatBytes } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { readU16, writeU16 } from '@hyphae/tlv'
import { IdentityError } from './errors.js'
import { MAX_SEALABLE_BYTES, MAX_SEALED_BYTES, SEAL_OVERHEAD_BYTES, SEAL_STEP_BYTES } from './limits.js'

const NONCE_BYTES = 24
const LENGTH_BYTES = 2
const NO_SALT: Uint8Array = new Uint8Array(0)

/** A 32-byte key or address that only who knows `accountPublicKey` can derive. */
export function deriveFromAccount(
  crypto: CryptoProvider,
  accountPublicKey: Uint8Array,
  ...info: readonly Uint8Array[]
): Uint8Array {
  return crypto.hkdfSha256(accountPublicKey, NO_SALT, concatBytes(...info), 32)
}

/** @throws IdentityError `identity/too-large` */
export function seal(
  crypto: CryptoProvider,
  key: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array {
  const { length } = plaintext
  if (length > MAX_SEALABLE_BYTES)
    throw new IdentityError('identity/too-large', { details: { size: length, limit: MAX_SEALABLE_BYTES } })
  const steps = Math.ceil((length + SEAL_OVERHEAD_BYTES) / SEAL_STEP_BYTES)
  const padded = new Uint8Array(steps * SEAL_STEP_BYTES - SEAL_OVERHEAD_BYTES + LENGTH_BYTES)
  writeU16(padded, 0, length)
  padded.set(plaintext, LENGTH_BYTES)
  const nonce = crypto.randomBytes(NONCE_BYTES)
  return concatBytes(nonce, crypto.xchacha20Poly1305.seal(key, nonce, padded, associatedData))
}

/** Null for anything that `seal` with this key and associated data did not make. */
export function open(
  crypto: CryptoProvider,
  key: Uint8Array,
  sealed: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array | null {
  const { length } = sealed
  if (length === 0 || length > MAX_SEALED_BYTES || length % SEAL_STEP_BYTES !== 0) return null
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const padded = crypto.xchacha20Poly1305.open(key, nonce, sealed.subarray(NONCE_BYTES), associatedData)
  return padded && unpad(padded)
}

/** Null unless the padding is zero and shorter than a step: one plaintext has one padded form. */
function unpad(padded: Uint8Array): Uint8Array | null {
  const end = LENGTH_BYTES + readU16(padded, 0)
  if (end > padded.length || padded.length - end >= SEAL_STEP_BYTES) return null
  for (let i = end; i < padded.length; i++) if (padded[i] !== 0) return null
  return padded.slice(LENGTH_BYTES, end)
}
