/** The cipher suites this package speaks (RFC 9420 section 17.1), by number and by their ts-mls name. */
import type { CryptoProvider } from '@hyphae/crypto'

/** 1 = AES-128-GCM, 3 = ChaCha20-Poly1305; both with X25519, SHA-256 and Ed25519. */
export type MlsSuite = 1 | 3

export const SUITE_NAMES = {
  1: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
  3: 'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519',
} as const

export type SuiteName = (typeof SUITE_NAMES)[MlsSuite]

/** RFC 9420 names suite 1 as the one every implementation has. */
export const DEFAULT_SUITE: MlsSuite = 1

/** Null for a suite that this package does not speak. */
export function suiteIdOf(name: string): MlsSuite | null {
  if (name === SUITE_NAMES[1]) return 1
  if (name === SUITE_NAMES[3]) return 3
  return null
}

/** The hash of a suite, synchronous; `size` bytes is also the length of every secret of its key schedule. */
export interface SuiteHash {
  readonly size: number
  digest(data: Uint8Array): Uint8Array
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array
}

const hashes = new WeakMap<CryptoProvider, SuiteHash>()

/** Made once for each provider. */
export function suiteHash(crypto: CryptoProvider, _suite: MlsSuite): SuiteHash {
  const made = hashes.get(crypto) ?? {
    size: 32,
    digest: (data) => crypto.sha256(data),
    hmac: (key, data) => crypto.hmacSha256(key, data),
  }
  hashes.set(crypto, made)
  return made
}
