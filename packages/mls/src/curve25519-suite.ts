/**
 * Suites 1 and 3 (RFC 9420 section 17.1): X25519, Ed25519 and SHA-256 with one of two AEADs.
 *
 * Signatures are verified by the one strict Ed25519 of `@hyphae/crypto`, so members on different runtimes
 * never disagree about a message. Imported private keys are kept beside the byte arrays they came from:
 * import costs more than use.
 */
import {
  assertX25519PublicKey,
  type CryptoProvider,
  type Ed25519PrivateKey,
  type HpkeAead,
  hkdfExpand,
  hkdfExtract,
  hpkeDeriveKeyPair,
  hpkeOpen,
  hpkeReceiveExport,
  hpkeSeal,
  hpkeSealAll,
  hpkeSendExport,
  isAcceptableEd25519Key,
  KEY_LENGTH,
  type X25519PrivateKey,
} from '@hyphae/crypto'
import { keyCache, opened } from './key-cache.js'
import { SUITE_NAMES, sha256Hash } from './suite.js'
import type { KemPair, SyncSuite } from './sync-suite.js'

type Curve25519Id = 1 | 3
const EMPTY = new Uint8Array()
const AEADS: Readonly<Record<Curve25519Id, HpkeAead>> = { 1: 'aes128Gcm', 3: 'chacha20Poly1305' }

type Signing = Pick<
  SyncSuite,
  | 'signatureKind'
  | 'signingKeyLength'
  | 'sign'
  | 'verify'
  | 'generateSigning'
  | 'signingPublicOf'
  | 'isSigningKey'
>

/** Ed25519; a private key is its seed. */
export function ed25519Signing({ ed25519 }: CryptoProvider): Signing {
  const keys = keyCache<Ed25519PrivateKey>((seed) => ed25519.importSeed(seed))
  return {
    signingKeyLength: KEY_LENGTH,
    signatureKind: 'ed25519',
    sign: (key, message) => ed25519.sign(keys(key), message),
    verify: (publicKey, message, signature) => ed25519.verify(publicKey, message, signature),
    generateSigning: () => ed25519.exportSeed(ed25519.generate()),
    signingPublicOf: (seed) => keys(seed).publicKey.slice(),
    isSigningKey: (publicKey) => isAcceptableEd25519Key(publicKey),
  }
}

function isX25519Key(publicKey: Uint8Array): boolean {
  try {
    assertX25519PublicKey(publicKey)
    return true
  } catch {
    return false
  }
}

function kemKeys(
  crypto: CryptoProvider,
  keys: ReturnType<typeof keyCache<X25519PrivateKey>>,
): Pick<SyncSuite, 'deriveKemPair' | 'generateKemPair' | 'kemPublicOf' | 'isKemKey'> {
  const { x25519 } = crypto
  const pairOf = (key: X25519PrivateKey): KemPair => {
    const privateKey = x25519.exportPrivateKey(key)
    keys.keep(privateKey, key)
    return { privateKey, publicKey: key.publicKey.slice() }
  }
  return {
    deriveKemPair: (ikm) => pairOf(hpkeDeriveKeyPair(crypto, ikm)),
    generateKemPair: () => pairOf(x25519.generate()),
    kemPublicOf: (privateKey) => keys(privateKey).publicKey.slice(),
    isKemKey: isX25519Key,
  }
}

export function curve25519Suite(crypto: CryptoProvider, id: Curve25519Id): SyncSuite {
  const aead = AEADS[id]
  const keys = keyCache<X25519PrivateKey>((bytes) => crypto.x25519.importPrivateKey(bytes))
  const { keyLength, nonceLength, seal, open } = crypto[aead]
  return {
    name: SUITE_NAMES[id],
    hash: sha256Hash(crypto),
    keyLength,
    nonceLength,
    kemKeyLength: KEY_LENGTH,
    extract: (salt, ikm) => hkdfExtract(crypto, salt, ikm),
    expand: (prk, info, length) => hkdfExpand(crypto, prk, info, length),
    sealAead: (key, nonce, aad, plaintext) => seal(key, nonce, plaintext, aad),
    openAead: (key, nonce, aad, sealed) => opened(open(key, nonce, sealed, aad)),
    sealTo: (recipient, info, plaintext) => {
      const { enc, ciphertext } = hpkeSeal(crypto, { recipient, info, aad: EMPTY, plaintext, aead })
      return { kemOutput: enc, ciphertext }
    },
    sealToAll: (recipients, info) => {
      const all = recipients.map(({ publicKey: recipient, plaintext }) => ({ recipient, plaintext }))
      const sealed = hpkeSealAll(crypto, all, info, aead)
      return sealed.map(({ enc, ciphertext }) => ({ kemOutput: enc, ciphertext }))
    },
    openWith: (privateKey, info, { kemOutput: enc, ciphertext }) =>
      opened(hpkeOpen(crypto, { recipient: keys(privateKey), enc, info, aad: EMPTY, ciphertext, aead })),
    sendExport: (recipient, exporterContext, length) => {
      const sent = hpkeSendExport(crypto, { recipient, info: EMPTY, exporterContext, length, aead })
      return { kemOutput: sent.enc, secret: sent.secret }
    },
    receiveExport: (privateKey, enc, exporterContext, length) =>
      opened(
        hpkeReceiveExport(crypto, {
          recipient: keys(privateKey),
          enc,
          info: EMPTY,
          exporterContext,
          length,
          aead,
        }),
      ),
    ...kemKeys(crypto, keys),
    ...ed25519Signing(crypto),
    randomBytes: (length) => crypto.randomBytes(length),
  }
}
