/**
 * The primitives of a cipher suite over Hyphae's synchronous CryptoProvider (RFC 9420 section 5.1): once as
 * they are, for what runs for every message, and once behind the promises that ts-mls asks for.
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
  type X25519PrivateKey,
} from '@hyphae/crypto'
import type {
  Ciphersuite,
  CiphersuiteImpl,
  Hpke,
  CryptoProvider as MlsCryptoProvider,
  PrivateKey,
  PublicKey,
} from 'ts-mls'
import { MlsError } from './errors.js'
import { type MlsSuite, SUITE_NAMES, type SuiteHash, suiteHash, suiteIdOf } from './suite.js'

const EMPTY = new Uint8Array()
const AEADS: Readonly<Record<MlsSuite, HpkeAead>> = { 1: 'aes128Gcm', 3: 'chacha20Poly1305' }

/** A key pair of the suite's KEM, as bytes. */
export interface KemPair {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

export interface Encapsulated {
  readonly kemOutput: Uint8Array
  readonly ciphertext: Uint8Array
}

/** Everything a suite can do, without promises. Keys are bytes; whoever passes the same array again saves an import. */
export interface SyncSuite {
  readonly name: (typeof SUITE_NAMES)[MlsSuite]
  readonly hash: SuiteHash
  /** Lengths of the AEAD, bytes. */
  readonly keyLength: number
  readonly nonceLength: number
  extract(salt: Uint8Array, ikm: Uint8Array): Uint8Array
  expand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array
  sign(key: Uint8Array, message: Uint8Array): Uint8Array
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  sealAead(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** @throws MlsError `mls/undecryptable` */
  openAead(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array
  /** RFC 9180 base mode, one message. */
  sealTo(publicKey: Uint8Array, info: Uint8Array, plaintext: Uint8Array): Encapsulated
  /** @throws MlsError `mls/undecryptable` */
  openWith(privateKey: Uint8Array, info: Uint8Array, sealed: Encapsulated): Uint8Array
  /** RFC 9180 section 7.1.3. */
  deriveKemPair(ikm: Uint8Array): KemPair
  randomBytes(length: number): Uint8Array
}

/** What ts-mls is given, with the same suite beside it for our own code. */
export interface SuiteImpl extends CiphersuiteImpl {
  readonly sync: SyncSuite
}

// ts-mls types HPKE keys as WebCrypto keys but only ever hands them back to its provider.
const opaquePrivate = (key: X25519PrivateKey): PrivateKey => key as unknown as PrivateKey
const innerPrivate = (key: PrivateKey): X25519PrivateKey => key as unknown as X25519PrivateKey
const opaquePublic = (key: Uint8Array): PublicKey => key as unknown as PublicKey
const innerPublic = (key: PublicKey): Uint8Array => key as unknown as Uint8Array

/** Remembers what was imported from a byte array for as long as the array lives. */
interface KeyCache<K> {
  (bytes: Uint8Array): K
  keep(bytes: Uint8Array, key: K): void
}

function keyCache<K>(load: (bytes: Uint8Array) => K): KeyCache<K> {
  const known = new WeakMap<Uint8Array, K>()
  const find = (bytes: Uint8Array): K => {
    const cached = known.get(bytes)
    if (cached !== undefined) return cached
    const key = load(bytes)
    known.set(bytes, key)
    return key
  }
  return Object.assign(find, { keep: (bytes: Uint8Array, key: K): void => void known.set(bytes, key) })
}

/** One answer for whatever does not open: nobody learns which check failed. */
function opened(plaintext: Uint8Array | null): Uint8Array {
  if (plaintext === null) throw new MlsError('mls/undecryptable')
  return plaintext
}

interface Keys {
  readonly signing: KeyCache<Ed25519PrivateKey>
  readonly kem: KeyCache<X25519PrivateKey>
}

function keysOf({ ed25519, x25519 }: CryptoProvider): Keys {
  return {
    signing: keyCache((seed) => ed25519.importSeed(seed)),
    kem: keyCache((bytes) => x25519.importPrivateKey(bytes)),
  }
}

function syncSuite(crypto: CryptoProvider, suite: MlsSuite, keys: Keys): SyncSuite {
  const aead = AEADS[suite]
  const { ed25519, x25519 } = crypto
  const { keyLength, nonceLength, seal, open } = crypto[aead]
  return {
    name: SUITE_NAMES[suite],
    hash: suiteHash(crypto, suite),
    keyLength,
    nonceLength,
    extract: (salt, ikm) => hkdfExtract(crypto, salt, ikm),
    expand: (prk, info, length) => hkdfExpand(crypto, prk, info, length),
    sign: (key, message) => ed25519.sign(keys.signing(key), message),
    verify: (publicKey, message, signature) => ed25519.verify(publicKey, message, signature),
    sealAead: (key, nonce, aad, plaintext) => seal(key, nonce, plaintext, aad),
    openAead: (key, nonce, aad, sealed) => opened(open(key, nonce, sealed, aad)),
    sealTo: (recipient, info, plaintext) => {
      const { enc, ciphertext } = hpkeSeal(crypto, { recipient, info, aad: EMPTY, plaintext, aead })
      return { kemOutput: enc, ciphertext }
    },
    openWith: (privateKey, info, { kemOutput: enc, ciphertext }) =>
      opened(hpkeOpen(crypto, { recipient: keys.kem(privateKey), enc, info, aad: EMPTY, ciphertext, aead })),
    deriveKemPair: (ikm) => {
      const key = hpkeDeriveKeyPair(crypto, ikm)
      const privateKey = x25519.exportPrivateKey(key)
      keys.kem.keep(privateKey, key)
      return { privateKey, publicKey: key.publicKey.slice() }
    },
    randomBytes: (length) => crypto.randomBytes(length),
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
  keys: Keys,
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
  const pair = (key: X25519PrivateKey): { privateKey: PrivateKey; publicKey: PublicKey } => ({
    privateKey: opaquePrivate(key),
    publicKey: opaquePublic(key.publicKey),
  })
  return {
    importPrivateKey: async (bytes) => opaquePrivate(keys.kem(bytes)),
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

function implement(crypto: CryptoProvider, suite: MlsSuite): SuiteImpl {
  const keys = keysOf(crypto)
  const sync = syncSuite(crypto, suite, keys)
  const { hash, keyLength, nonceLength } = sync
  return {
    name: sync.name,
    sync,
    hash: {
      digest: async (data) => hash.digest(data),
      mac: async (key, data) => hash.hmac(key, data),
      verifyMac: async (key, mac, data) => constantTimeEqual(hash.hmac(key, data), mac),
    },
    kdf: {
      extract: async (salt, ikm) => sync.extract(salt, ikm),
      expand: async (prk, info, length) => sync.expand(prk, info, length),
      size: hash.size,
    },
    signature: {
      sign: async (seed, message) => sync.sign(seed, message),
      verify: async (publicKey, message, signature) => sync.verify(publicKey, message, signature),
      keygen: async () => {
        const key = crypto.ed25519.generate()
        return { publicKey: key.publicKey, signKey: crypto.ed25519.exportSeed(key) }
      },
    },
    hpke: {
      ...hpkeMessages(crypto, AEADS[suite]),
      ...hpkeKeys(crypto, keys),
      encryptAead: async (key, nonce, aad, plaintext) => sync.sealAead(key, nonce, aad ?? EMPTY, plaintext),
      decryptAead: async (key, nonce, aad, sealed) => sync.openAead(key, nonce, aad ?? EMPTY, sealed),
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
  return {
    getCiphersuiteImpl: async (ciphersuite: Ciphersuite) => {
      const suite = suiteIdOf(ciphersuite.name)
      if (suite === null) throw new MlsError('mls/bad-argument', { details: { suite: ciphersuite.name } })
      return suiteOf(crypto, suite)
    },
  }
}

const implementations = new WeakMap<CryptoProvider, Map<MlsSuite, SuiteImpl>>()

/** The suite over one CryptoProvider, made once: its key caches are worth keeping. */
export function suiteOf(crypto: CryptoProvider, suite: MlsSuite): SuiteImpl {
  const made = implementations.get(crypto) ?? new Map<MlsSuite, SuiteImpl>()
  implementations.set(crypto, made)
  const impl = made.get(suite) ?? implement(crypto, suite)
  made.set(suite, impl)
  return impl
}
