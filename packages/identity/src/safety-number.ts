/**
 * Safety numbers: 60 digits that two people compare to know that nobody stands between them.
 * spec/identity.md section 10.
 *
 *   h₀ = SHA-512(label ‖ key),  hᵢ = SHA-512(hᵢ₋₁ ‖ key)   5,200 times
 *   half = six groups of five digits, each 5 bytes of h modulo 100,000
 *
 * The halves stand in ascending order, so both people see the same number.
 */
import { concatBytes } from '@hyphae/core'
import { type CryptoProvider, isAcceptableEd25519Key } from '@hyphae/crypto'
import { IdentityError } from './errors.js'
import { LABELS } from './labels.js'
import { KEY_BYTES, SAFETY_NUMBER_ITERATIONS } from './limits.js'

const HASH_BYTES = 64
const GROUPS = 6
const GROUP_BYTES = 5
const GROUP_DIGITS = 5

/**
 * 60 digits for two account public keys (32 bytes each), in either order. Slow on purpose.
 * @throws IdentityError `identity/bad-key`
 */
export function safetyNumber(crypto: CryptoProvider, a: Uint8Array, b: Uint8Array): string {
  if (!isAcceptableEd25519Key(a) || !isAcceptableEd25519Key(b)) throw new IdentityError('identity/bad-key')
  return [half(crypto, a), half(crypto, b)].sort().join('')
}

/** Twelve groups of five, as people read them to each other. */
export function formatSafetyNumber(digits: string): string {
  return (digits.match(/.{1,5}/g) ?? []).join(' ')
}

function half(crypto: CryptoProvider, key: Uint8Array): string {
  const input = new Uint8Array(HASH_BYTES + KEY_BYTES)
  input.set(key, HASH_BYTES)
  let hash = crypto.sha512(concatBytes(LABELS.safetyNumber, key))
  for (let i = 0; i < SAFETY_NUMBER_ITERATIONS; i++) {
    input.set(hash)
    hash = crypto.sha512(input)
  }
  return Array.from({ length: GROUPS }, (_, group) => digits(hash, group * GROUP_BYTES)).join('')
}

function digits(hash: Uint8Array, offset: number): string {
  let value = 0
  for (let i = 0; i < GROUP_BYTES; i++) value = value * 256 + (hash[offset + i] as number)
  return String(value % 10 ** GROUP_DIGITS).padStart(GROUP_DIGITS, '0')
}
