/**
 * Safety numbers: 60 digits that two people compare, each side 30.
 *
 *   h₀ = 00 00 ‖ 05 ‖ key ‖ identifier,  hᵢ = SHA-512(hᵢ₋₁ ‖ 05 ‖ key), 5,200 times
 *   digits = 6 groups: five bytes of h, big-endian, mod 100,000
 *
 * The two halves are sorted, so both people see the same number. Knows nothing of who holds a key.
 */
import { concatBytes } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { SignalError } from './errors.js'
import { SIGNAL_MAX_IDENTIFIER_BYTES } from './limits.js'
import { encodeEcKey } from './public-key.js'

const ITERATIONS = 5200
const GROUPS = 6
const GROUP_BYTES = 5
/** Version of the derivation, u16. */
const VERSION = Uint8Array.of(0, 0)

export interface SafetyNumberParty {
  /** Stable name of the account, such as its UUID: 1 to 256 bytes. */
  readonly identifier: Uint8Array
  /** Identity key, 32 bytes. */
  readonly identityKey: Uint8Array
}

/** 60 digits, the same for both whoever asks. @throws SignalError `ratchet/signal-bad-argument` */
export function safetyNumber(crypto: CryptoProvider, a: SafetyNumberParty, b: SafetyNumberParty): string {
  return [half(crypto, a), half(crypto, b)].sort().join('')
}

function half(crypto: CryptoProvider, party: SafetyNumberParty): string {
  const { length } = party.identifier
  if (length === 0 || length > SIGNAL_MAX_IDENTIFIER_BYTES || party.identityKey.length !== 32) {
    throw new SignalError('ratchet/signal-bad-argument', {
      details: { identifier: length, max: SIGNAL_MAX_IDENTIFIER_BYTES, key: party.identityKey.length },
    })
  }
  const key = encodeEcKey(party.identityKey)
  let hash = concatBytes(VERSION, key, party.identifier)
  for (let i = 0; i < ITERATIONS; i++) hash = crypto.sha512(concatBytes(hash, key))
  return digits(hash)
}

function digits(hash: Uint8Array): string {
  let text = ''
  for (let group = 0; group < GROUPS; group++) {
    let value = 0
    for (let i = 0; i < GROUP_BYTES; i++) value = value * 256 + (hash[group * GROUP_BYTES + i] as number)
    text += String(value % 100_000).padStart(5, '0')
  }
  return text
}
