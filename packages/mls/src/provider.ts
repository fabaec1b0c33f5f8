/**
 * A ts-mls crypto provider over Hyphae's synchronous one: MLS cipher suites 1 and 3 (RFC 9420 section 5.1).
 *
 * Signatures are verified by the one strict Ed25519 of `@hyphae/crypto`, so members on different runtimes
 * never disagree about a message. Imported private keys are kept beside the byte arrays they came from:
 * import costs more than use. Knows nothing of groups.
 */
import {
  assertX25519PublicKey,
  type CryptoProvider,
  constantTimeEqual,
  type Ed25519PrivateKey,
  type HpkeAead,
  hkdfExpand,
  hkdfExtract,
  hpkeDeriveKeyPair,
  hpkeOpen,
  hpkeReceiveExport,
  hpkeSeal,
  hpkeSendExport,
  KEY_LENGTH,
  type X25519PrivateKey,
} from '@hyphae/crypto'
import type {
  Ciphersuite,
  CiphersuiteImpl,
  Hash,
  Hpke,
  Kdf,
  CryptoProvider as MlsCryptoProvider,
  PrivateKey,
  PublicKey,
  Signature,
} from 'ts-mls'
import { MlsError } from './errors.js'
import { type MlsSuite, SUITE_NAMES, suiteIdOf } from './suite.js'

const EMPTY = new Uint8Array()
const AEADS: Readonly<Record<MlsSuite, HpkeAead>> = { 1: 'aes128Gcm', 3: 'chacha20Poly1305' }

// ts-mls types HPKE keys as WebCrypto keys but only ever hands them back to its provider.
const opaquePrivate = (key: X25519PrivateKey): PrivateKey => key as unknown as PrivateKey
const innerPrivate = (key: PrivateKey): X25519PrivateKey => key as unknown as X25519PrivateKey
const opaquePublic = (key: Uint8Array): PublicKey => key as unknown as PublicKey
const innerPublic = (key: PublicKey): Uint8Array => key as unknown as Uint8Array

/** Remembers what was imported from a byte array for as long as the array lives. */
function keyCache<K>(load: (bytes: Uint8Array) => K): (bytes: Uint8Array) => K {
  const known = new WeakMap<Uint8Array, K>()
  return (bytes) => {
    const cached = known.get(bytes)
    if (cached !== undefined) return cached
    const key = load(bytes)
    known.set(bytes, key)
    return key
  }
}

/** One answer for whatever does not open: nobody learns which check failed. */
function opened(plaintext: Uint8Array | null): Uint8Array {
  if (plaintext === null) throw new MlsError('mls/undecryptable')
  return plaintext
}

function hashOf(crypto: CryptoProvider): Hash {
  return {
    digest: async (data) => crypto.sha256(data),
    mac: async (key, data) => crypto.hmacSha256(key, data),
    verifyMac: async (key, mac, data) => constantTimeEqual(crypto.hmacSha256(key, data), mac),
  }
}

function kdfOf(crypto: CryptoProvider): Kdf {
  return {
    extract: async (salt, ikm) => hkdfExtract(crypto, salt, ikm),
    expand: async (prk, info, length) => hkdfExpand(crypto, prk, info, length),
    size: KEY_LENGTH,
  }
}

function signatureOf(crypto: CryptoProvider): Signature {
  const { ed25519 } = crypto
  const signingKey = keyCache<Ed25519PrivateKey>((seed) => ed25519.importSeed(seed))
  return {
    sign: async (seed, message) => ed25519.sign(signingKey(seed), message),
    verify: async (publicKey, message, signature) => ed25519.verify(publicKey, message, signature),
    keygen: async () => {
      const key = ed25519.generate()
      return { publicKey: key.publicKey, signKey: ed25519.exportSeed(key) }
    },
  }
}

/** The parts of `Hpke` that encrypt to a public key, RFC 9180. */
function hpkeMessages(
  crypto: CryptoProvider,
  aead: HpkeAead,
): Pick<Hpke, 'open' | 'seal' | 'exportSecret' | 'importSecret'> {
  return {
    seal: async (key, plaintext, info, aad = EMPTY) => {
      const sealed = hpkeSeal(crypto, { recipient: innerPublic(key), info, aad, plaintext, aead })
      return { enc: sealed.enc, ct: sealed.ciphertext }
    },
    open: async (key, enc, ciphertext, info, aad = EMPTY) =>
      opened(hpkeOpen(crypto, { recipient: innerPrivate(key), enc, info, aad, ciphertext, aead })),
    exportSecret: async (key, exporterContext, length, info) =>
      hpkeSendExport(crypto, { recipient: innerPublic(key), info, exporterContext, length, aead }),
    importSecret: async (key, exporterContext, enc, length, info) =>
      opened(
        hpkeReceiveExport(crypto, { recipient: innerPrivate(key), enc, info, exporterContext, length, aead }),
      ),
  }
}

/** The parts of `Hpke` that make and carry keys. A public key is checked whenever it is imported. */
function hpkeKeys(
  crypto: CryptoProvider,
): Pick<
  Hpke,
  | 'importPrivateKey'
  | 'importPublicKey'
  | 'exportPublicKey'
  | 'exportPrivateKey'
  | 'deriveKeyPair'
  | 'generateKeyPair'
> {
  const { x25519 } = crypto
  const privateKey = keyCache<X25519PrivateKey>((bytes) => x25519.importPrivateKey(bytes))
  const pair = (key: X25519PrivateKey): { privateKey: PrivateKey; publicKey: PublicKey } => ({
    privateKey: opaquePrivate(key),
    publicKey: opaquePublic(key.publicKey),
  })
  return {
    importPrivateKey: async (bytes) => opaquePrivate(privateKey(bytes)),
    importPublicKey: async (bytes) => {
      assertX25519PublicKey(bytes)
      return opaquePublic(bytes)
    },
    exportPublicKey: async (key) => innerPublic(key).slice(),
    exportPrivateKey: async (key) => x25519.exportPrivateKey(innerPrivate(key)),
    deriveKeyPair: async (ikm) => pair(hpkeDeriveKeyPair(crypto, ikm)),
    generateKeyPair: async () => pair(x25519.generate()),
  }
}

function implement(crypto: CryptoProvider, suite: MlsSuite): CiphersuiteImpl {
  const aead = AEADS[suite]
  const { keyLength, nonceLength } = crypto[aead]
  return {
    name: SUITE_NAMES[suite],
    hash: hashOf(crypto),
    kdf: kdfOf(crypto),
    signature: signatureOf(crypto),
    hpke: {
      ...hpkeMessages(crypto, aead),
      ...hpkeKeys(crypto),
      encryptAead: async (key, nonce, aad, plaintext) =>
        crypto[aead].seal(key, nonce, plaintext, aad ?? EMPTY),
      decryptAead: async (key, nonce, aad, sealed) =>
        opened(crypto[aead].open(key, nonce, sealed, aad ?? EMPTY)),
      keyLength,
      nonceLength,
    },
    rng: { randomBytes: (length) => crypto.randomBytes(length) },
  }
}

/**
 * The provider ts-mls asks for, for suites 1 and 3; any other suite is refused with `mls/bad-argument`.
 * Every primitive runs synchronously; the promises of its interface are already resolved.
 */
export function createMlsProvider(crypto: CryptoProvider): MlsCryptoProvider {
  const made = new Map<MlsSuite, CiphersuiteImpl>()
  return {
    getCiphersuiteImpl: async (ciphersuite: Ciphersuite) => {
      const suite = suiteIdOf(ciphersuite.name)
      if (suite === null) throw new MlsError('mls/bad-argument', { details: { suite: ciphersuite.name } })
      const impl = made.get(suite) ?? implement(crypto, suite)
      made.set(suite, impl)
      return impl
    },
  }
}

const implementations = new WeakMap<CryptoProvider, Map<MlsSuite, CiphersuiteImpl>>()

/** The suite over one CryptoProvider, made once: its key caches are worth keeping. */
export function suiteOf(crypto: CryptoProvider, suite: MlsSuite): CiphersuiteImpl {
  const made = implementations.get(crypto) ?? new Map<MlsSuite, CiphersuiteImpl>()
  implementations.set(crypto, made)
  const impl = made.get(suite) ?? implement(crypto, suite)
  made.set(suite, impl)
  return impl
}
