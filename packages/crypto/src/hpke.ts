/**
 * Hybrid public key encryption, RFC 9180 base mode, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
 * a choice of AEAD. One message per encapsulation. Knows no frames and no groups.
 */
import { zeroize } from './compare.js'
import { labeledExpand, labeledExtract } from './hpke-labels.js'
import {
  aeadKeys,
  decapsulate,
  encapsulate,
  exportFrom,
  type HpkeAead,
  KEM_SUITE,
  keySchedule,
  scheduleContext,
} from './hpke-schedule.js'
import { KEY_LENGTH } from './limits.js'
import type { CryptoProvider, X25519PrivateKey } from './provider.js'

export type { HpkeAead } from './hpke-schedule.js'

const DEFAULT_AEAD: HpkeAead = 'chacha20Poly1305'

export interface HpkeSealOptions {
  /** X25519 public key, 32 bytes. */
  readonly recipient: Uint8Array
  readonly info: Uint8Array
  readonly aad: Uint8Array
  readonly plaintext: Uint8Array
  /** ChaCha20-Poly1305 when left out. */
  readonly aead?: HpkeAead
}

export interface HpkeSealed {
  /** Encapsulated key, 32 bytes. */
  readonly enc: Uint8Array
  /** Ciphertext ‖ 16-byte tag. */
  readonly ciphertext: Uint8Array
}

export interface HpkeRecipient {
  /** X25519 public key, 32 bytes. */
  readonly recipient: Uint8Array
  readonly plaintext: Uint8Array
}

export interface HpkeOpenOptions {
  readonly recipient: X25519PrivateKey
  readonly enc: Uint8Array
  readonly info: Uint8Array
  readonly aad: Uint8Array
  readonly ciphertext: Uint8Array
  readonly aead?: HpkeAead
}

function sealUnder(
  crypto: CryptoProvider,
  aead: HpkeAead,
  context: Uint8Array,
  { recipient, plaintext }: HpkeRecipient,
  aad: Uint8Array,
): HpkeSealed {
  const { enc, shared } = encapsulate(crypto, recipient)
  const { key, nonce } = aeadKeys(crypto, aead, keySchedule(crypto, aead, shared, context))
  const ciphertext = crypto[aead].seal(key, nonce, plaintext, aad)
  zeroize(key)
  return { enc, ciphertext }
}

/** Section 6.1, SealBase. @throws CryptoError `crypto/bad-length`, `crypto/low-order-key`, `crypto/rng-failed` */
export function hpkeSeal(crypto: CryptoProvider, options: HpkeSealOptions): HpkeSealed {
  const aead = options.aead ?? DEFAULT_AEAD
  return sealUnder(crypto, aead, scheduleContext(crypto, aead, options.info), options, options.aad)
}

/**
 * One message to each recipient, all under one info and without associated data: the info, which may be large, is
 * hashed once. Errors as hpkeSeal.
 */
export function hpkeSealAll(
  crypto: CryptoProvider,
  recipients: readonly HpkeRecipient[],
  info: Uint8Array,
  aead: HpkeAead = DEFAULT_AEAD,
): HpkeSealed[] {
  const context = scheduleContext(crypto, aead, info)
  const aad = new Uint8Array(0)
  return recipients.map((recipient) => sealUnder(crypto, aead, context, recipient, aad))
}

/**
 * Section 6.1, OpenBase. Null when the message is not for this key or was changed: one answer for every
 * kind of failure, so that a stranger learns nothing from it.
 */
export function hpkeOpen(crypto: CryptoProvider, options: HpkeOpenOptions): Uint8Array | null {
  const aead = options.aead ?? DEFAULT_AEAD
  const shared = decapsulate(crypto, options.recipient, options.enc)
  if (shared === null) return null
  const { key, nonce } = aeadKeys(
    crypto,
    aead,
    keySchedule(crypto, aead, shared, scheduleContext(crypto, aead, options.info)),
  )
  const plaintext = crypto[aead].open(key, nonce, options.ciphertext, options.aad)
  zeroize(key)
  return plaintext
}

export interface HpkeExportOptions {
  /** X25519 public key, 32 bytes. */
  readonly recipient: Uint8Array
  readonly info: Uint8Array
  readonly exporterContext: Uint8Array
  /** Bytes of secret wanted, at most 8160. */
  readonly length: number
  readonly aead?: HpkeAead
}

/** Section 6.2, SendExportBase: a secret shared with the recipient, without a message. Errors as hpkeSeal. */
export function hpkeSendExport(
  crypto: CryptoProvider,
  options: HpkeExportOptions,
): { readonly enc: Uint8Array; readonly secret: Uint8Array } {
  const { enc, shared } = encapsulate(crypto, options.recipient)
  const aead = options.aead ?? DEFAULT_AEAD
  const context = keySchedule(crypto, aead, shared, scheduleContext(crypto, aead, options.info))
  return { enc, secret: exportFrom(crypto, context, options.exporterContext, options.length) }
}

export interface HpkeReceiveExportOptions extends Omit<HpkeExportOptions, 'recipient'> {
  readonly recipient: X25519PrivateKey
  readonly enc: Uint8Array
}

/** Section 6.2, ReceiveExportBase. Null when `enc` is not a usable key. */
export function hpkeReceiveExport(
  crypto: CryptoProvider,
  options: HpkeReceiveExportOptions,
): Uint8Array | null {
  const shared = decapsulate(crypto, options.recipient, options.enc)
  if (shared === null) return null
  const aead = options.aead ?? DEFAULT_AEAD
  const context = keySchedule(crypto, aead, shared, scheduleContext(crypto, aead, options.info))
  return exportFrom(crypto, context, options.exporterContext, options.length)
}

/** Section 7.1.3, DeriveKeyPair: the same input keying material gives the same key. */
export function hpkeDeriveKeyPair(crypto: CryptoProvider, ikm: Uint8Array): X25519PrivateKey {
  const empty = new Uint8Array(0)
  const prk = labeledExtract(crypto, KEM_SUITE, empty, 'dkp_prk', ikm)
  const secret = labeledExpand(crypto, KEM_SUITE, prk, 'sk', empty, KEY_LENGTH)
  const key = crypto.x25519.importPrivateKey(secret)
  zeroize(prk, secret)
  return key
}
