/** The suites beyond 1 and 3, put together of their parts (RFC 9420 section 17.1). */
import type { CryptoProvider } from '@hyphae/crypto'
import { hmac } from '@noble/hashes/hmac.js'
import { sha384 } from '@noble/hashes/sha2.js'
import { ed25519Signing } from '../curve25519-suite.js'
import { opened } from '../key-cache.js'
import { type MlsSuite, SUITE_NAMES, type SuiteHash, sha256Hash } from '../suite.js'
import type { SuiteMaker, SyncSuite } from '../sync-suite.js'
import { dhKem, P256, P384 } from './dhkem.js'
import { ecdsaSigning } from './ecdsa.js'
import { type HpkeParts, hpke } from './hpke.js'
import { expand, extract } from './kdf.js'
import type { HpkeKem } from './kem.js'
import { xwing } from './xwing.js'

/** RFC 9180 sections 7.2 and 7.3. */
const KDF = { sha256: 1, sha384: 2, sha512: 3 } as const
const AEAD = { aes128Gcm: 1, aes256Gcm: 2 } as const

const SHA384: SuiteHash = {
  size: 48,
  digest: (data) => sha384(data),
  hmac: (key, data) => hmac(sha384, key, data),
}

function sha512Hash(crypto: CryptoProvider): SuiteHash {
  return {
    size: 64,
    digest: (data) => crypto.sha512(data),
    hmac: (key, data) => crypto.hmacSha512(key, data),
  }
}

interface Choice {
  readonly id: MlsSuite
  readonly hash: SuiteHash
  readonly kdfId: number
  readonly aead: keyof typeof AEAD
  readonly kem: HpkeKem
  readonly signing: ReturnType<typeof ecdsaSigning>
}

function compose(crypto: CryptoProvider, { id, hash, kdfId, aead, kem, signing }: Choice): SyncSuite {
  const { keyLength, nonceLength, seal, open } = crypto[aead]
  const parts: HpkeParts = { kem, hash, kdfId, aeadId: AEAD[aead], keyLength, nonceLength, seal, open }
  return {
    name: SUITE_NAMES[id],
    hash,
    keyLength,
    nonceLength,
    extract: (salt, ikm) => extract(hash, salt, ikm),
    expand: (prk, info, length) => expand(hash, prk, info, length),
    sealAead: (key, nonce, aad, plaintext) => seal(key, nonce, plaintext, aad),
    openAead: (key, nonce, aad, sealed) => opened(open(key, nonce, sealed, aad)),
    ...hpke(parts),
    ...signing,
    randomBytes: (length) => crypto.randomBytes(length),
  }
}

/** Suite 2: P-256, AES-128-GCM, SHA-256, ECDSA. For groups with programs that have nothing else. */
export const p256Suite: SuiteMaker = {
  id: 2,
  make: (crypto) => {
    const random = (length: number): Uint8Array => crypto.randomBytes(length)
    const hash = sha256Hash(crypto)
    const kem = dhKem(P256, hash, random)
    const signing = ecdsaSigning(P256, 'p256', random)
    return compose(crypto, { id: 2, hash, kdfId: KDF.sha256, aead: 'aes128Gcm', kem, signing })
  },
}

/** Suite 7: P-384, AES-256-GCM, SHA-384, ECDSA. */
export const p384Suite: SuiteMaker = {
  id: 7,
  make: (crypto) => {
    const random = (length: number): Uint8Array => crypto.randomBytes(length)
    const kem = dhKem(P384, SHA384, random)
    const signing = ecdsaSigning(P384, 'p384', random)
    return compose(crypto, { id: 7, hash: SHA384, kdfId: KDF.sha384, aead: 'aes256Gcm', kem, signing })
  },
}

/**
 * Suite 83: X-Wing, AES-256-GCM, SHA-512, Ed25519. What is recorded today stays secret from a quantum computer;
 * signatures are classical, as nobody can forge them afterwards.
 */
export const xwingSuite: SuiteMaker = {
  id: 83,
  make: (crypto) => {
    const [hash, kem] = [sha512Hash(crypto), xwing(crypto)]
    const signing = ed25519Signing(crypto)
    return compose(crypto, { id: 83, hash, kdfId: KDF.sha512, aead: 'aes256Gcm', kem, signing })
  },
}
