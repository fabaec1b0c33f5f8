/** The cipher suites this package speaks (RFC 9420 section 17.1), by number and by their ts-mls name. */
import type { CryptoProvider } from '@hyphae/crypto'

/**
 * 1 = X25519, AES-128-GCM, SHA-256, Ed25519; 3 = the same with ChaCha20-Poly1305; 2 = P-256 with ECDSA;
 * 7 = P-384, AES-256-GCM, SHA-384 with ECDSA; 83 = X-Wing (ML-KEM-768 with X25519), AES-256-GCM, SHA-512,
 * Ed25519. Others than 1 and 3 come from `@hyphae/mls/suites`.
 */
export type MlsSuite = 1 | 2 | 3 | 7 | 83

export const SUITE_NAMES = {
  1: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
  2: 'MLS_128_DHKEMP256_AES128GCM_SHA256_P256',
  3: 'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519',
  7: 'MLS_256_DHKEMP384_AES256GCM_SHA384_P384',
  83: 'MLS_256_XWING_AES256GCM_SHA512_Ed25519',
} as const

export type SuiteName = (typeof SUITE_NAMES)[MlsSuite]

/** RFC 9420 names suite 1 as the one every implementation has. */
export const DEFAULT_SUITE: MlsSuite = 1

const IDS: ReadonlyMap<string, MlsSuite> = new Map([
  [SUITE_NAMES[1], 1],
  [SUITE_NAMES[2], 2],
  [SUITE_NAMES[3], 3],
  [SUITE_NAMES[7], 7],
  [SUITE_NAMES[83], 83],
])

/** Null for a suite that this package does not speak. */
export function suiteIdOf(name: string): MlsSuite | null {
  return IDS.get(name) ?? null
}

/** The hash of a suite, synchronous; `size` bytes is also the length of every secret of its key schedule. */
export interface SuiteHash {
  readonly size: number
  digest(data: Uint8Array): Uint8Array
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array
}

const hashes = new WeakMap<CryptoProvider, SuiteHash>()

/** SHA-256, made once for each provider. */
export function sha256Hash(crypto: CryptoProvider): SuiteHash {
  const made = hashes.get(crypto) ?? {
    size: 32,
    digest: (data) => crypto.sha256(data),
    hmac: (key, data) => crypto.hmacSha256(key, data),
  }
  hashes.set(crypto, made)
  return made
}
