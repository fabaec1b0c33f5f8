/**
 * The primitives of a cipher suite over Hyphae's synchronous CryptoProvider (RFC 9420 section 5.1): once as
 * they are, for what runs for every message, and once behind the promises that ts-mls asks for.
 *
 * Knows nothing of groups, and of suites only what they all have in common.
 */
import { type CryptoProvider, constantTimeEqual } from '@hyphae/crypto'
import type {
  Ciphersuite,
  CiphersuiteImpl,
  Hpke,
  CryptoProvider as MlsCryptoProvider,
  PrivateKey,
  PublicKey,
} from 'ts-mls'
import { curve25519Suite } from './curve25519-suite.js'
import { MlsError } from './errors.js'
import { type MlsSuite, suiteIdOf } from './suite.js'
import type { KemPair, SuiteMaker, SyncSuite } from './sync-suite.js'

const EMPTY = new Uint8Array()

/** What ts-mls is given, with the same suite beside it for our own code. */
export interface SuiteImpl extends CiphersuiteImpl {
  readonly sync: SyncSuite
}

// ts-mls types HPKE keys as WebCrypto keys but only ever hands them back to its provider.
const opaquePrivate = (key: Uint8Array): PrivateKey => key as unknown as PrivateKey
const innerPrivate = (key: PrivateKey): Uint8Array => key as unknown as Uint8Array
const opaquePublic = (key: Uint8Array): PublicKey => key as unknown as PublicKey
const innerPublic = (key: PublicKey): Uint8Array => key as unknown as Uint8Array

const opaquePair = (pair: KemPair): { privateKey: PrivateKey; publicKey: PublicKey } => ({
  privateKey: opaquePrivate(pair.privateKey),
  publicKey: opaquePublic(pair.publicKey),
})

/** A public key is checked whenever it is imported. */
function hpkeKeys(
  sync: SyncSuite,
): Pick<
  Hpke,
  | 'importPrivateKey'
  | 'importPublicKey'
  | 'exportPublicKey'
  | 'exportPrivateKey'
  | 'deriveKeyPair'
  | 'generateKeyPair'
> {
  return {
    importPrivateKey: async (bytes) => opaquePrivate(bytes),
    importPublicKey: async (bytes) => {
      if (!sync.isKemKey(bytes)) throw new MlsError('mls/undecryptable')
      return opaquePublic(bytes)
    },
    exportPublicKey: async (key) => innerPublic(key).slice(),
    exportPrivateKey: async (key) => innerPrivate(key),
    deriveKeyPair: async (ikm) => opaquePair(sync.deriveKemPair(ikm)),
    generateKeyPair: async () => opaquePair(sync.generateKemPair()),
  }
}

/** The parts of `Hpke` that encrypt to a public key. RFC 9420 never gives them associated data, or an export info. */
function hpkeMessages(sync: SyncSuite): Pick<Hpke, 'open' | 'seal' | 'exportSecret' | 'importSecret'> {
  return {
    seal: async (key, plaintext, info) => {
      const sealed = sync.sealTo(innerPublic(key), info, plaintext)
      return { enc: sealed.kemOutput, ct: sealed.ciphertext }
    },
    open: async (key, kemOutput, ciphertext, info) =>
      sync.openWith(innerPrivate(key), info, { kemOutput, ciphertext }),
    exportSecret: async (key, exporterContext, length) => {
      const sent = sync.sendExport(innerPublic(key), exporterContext, length)
      return { enc: sent.kemOutput, secret: sent.secret }
    },
    importSecret: async (key, exporterContext, kemOutput, length) =>
      sync.receiveExport(innerPrivate(key), kemOutput, exporterContext, length),
  }
}

function implement(sync: SyncSuite): SuiteImpl {
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
      sign: async (key, message) => sync.sign(key, message),
      verify: async (publicKey, message, signature) => sync.verify(publicKey, message, signature),
      keygen: async () => {
        const signKey = sync.generateSigning()
        return { publicKey: sync.signingPublicOf(signKey), signKey }
      },
    },
    hpke: {
      ...hpkeMessages(sync),
      ...hpkeKeys(sync),
      encryptAead: async (key, nonce, aad, plaintext) => sync.sealAead(key, nonce, aad ?? EMPTY, plaintext),
      decryptAead: async (key, nonce, aad, sealed) => sync.openAead(key, nonce, aad ?? EMPTY, sealed),
      keyLength,
      nonceLength,
    },
    rng: { randomBytes: (length) => sync.randomBytes(length) },
  }
}

/**
 * The provider ts-mls asks for, for suites 1 and 3 and those in `more`; any other is refused with
 * `mls/bad-argument`. Every primitive runs synchronously; the promises of its interface are already resolved.
 */
export function createMlsProvider(
  crypto: CryptoProvider,
  more: readonly SuiteMaker[] = [],
): MlsCryptoProvider {
  return {
    getCiphersuiteImpl: async (ciphersuite: Ciphersuite) => {
      const suite = suiteIdOf(ciphersuite.name)
      if (suite === null) throw new MlsError('mls/bad-argument', { details: { suite: ciphersuite.name } })
      return suiteOf(crypto, suite, more)
    },
  }
}

const implementations = new WeakMap<CryptoProvider, Map<MlsSuite, SuiteImpl>>()

function makeSuite(crypto: CryptoProvider, suite: MlsSuite, more: readonly SuiteMaker[]): SyncSuite {
  if (suite === 1 || suite === 3) return curve25519Suite(crypto, suite)
  const maker = more.find(({ id }) => id === suite)
  if (maker === undefined) throw new MlsError('mls/unsupported-suite', { details: { suite } })
  return maker.make(crypto)
}

/**
 * The suite over one CryptoProvider, made once: its key caches are worth keeping.
 * @throws MlsError `mls/unsupported-suite` for one that is neither built in nor in `more`
 */
export function suiteOf(
  crypto: CryptoProvider,
  suite: MlsSuite,
  more: readonly SuiteMaker[] | undefined = [],
): SuiteImpl {
  const made = implementations.get(crypto) ?? new Map<MlsSuite, SuiteImpl>()
  implementations.set(crypto, made)
  const impl = made.get(suite) ?? implement(makeSuite(crypto, suite, more))
  made.set(suite, impl)
  return impl
}
