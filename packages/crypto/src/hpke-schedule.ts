/**
 * KEM and key schedule of HPKE in base mode, RFC 9180 sections 4.1 and 5.1.
 *
 *   Encap:  skE ← random, enc = pkE, shared = ExtractAndExpand(DH(skE, pkR), enc ‖ pkR)
 *   Decap:  shared = ExtractAndExpand(DH(skR, enc), enc ‖ pkR)
 *   Keys:   secret = LabeledExtract(shared, "secret", ""), context = mode ‖ psk_id_hash ‖ info_hash
 *
 * Every step wipes the secret it consumes.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import { zeroize } from './compare.js'
import { labeledExpand, labeledExtract, u16 } from './hpke-labels.js'
import { KEY_LENGTH } from './limits.js'
import type { CryptoProvider, X25519PrivateKey } from './provider.js'
import { isSmallOrderX25519 } from './x25519-public.js'

/** The AEAD of a suite; KEM and KDF are fixed. */
export type HpkeAead = 'chacha20Poly1305' | 'aes128Gcm' | 'aes256Gcm'

/** A key schedule that has run, for one use. */
export interface HpkeContext {
  readonly suite: Uint8Array
  readonly secret: Uint8Array
  readonly scheduleContext: Uint8Array
}

const KEM_ID = 0x0020
const KDF_ID = 0x0001
const MODE_BASE: Uint8Array = Uint8Array.of(0)
const EMPTY: Uint8Array = new Uint8Array(0)

/** Sections 4.1 and 7.1.3: the identifier under which KEM labels are hashed. */
export const KEM_SUITE: Uint8Array = concatBytes(utf8('KEM'), u16(KEM_ID))

function suiteOf(aeadId: number): Uint8Array {
  return concatBytes(utf8('HPKE'), u16(KEM_ID), u16(KDF_ID), u16(aeadId))
}

/** AEAD numbers of section 7.3. */
const SUITES: Readonly<Record<HpkeAead, Uint8Array>> = {
  aes128Gcm: suiteOf(1),
  aes256Gcm: suiteOf(2),
  chacha20Poly1305: suiteOf(3),
}

/** Takes the DH result over and wipes it. */
function extractAndExpand(
  crypto: CryptoProvider,
  dh: Uint8Array,
  enc: Uint8Array,
  recipient: Uint8Array,
): Uint8Array {
  const prk = labeledExtract(crypto, KEM_SUITE, EMPTY, 'eae_prk', dh)
  const context = concatBytes(enc, recipient)
  const shared = labeledExpand(crypto, KEM_SUITE, prk, 'shared_secret', context, KEY_LENGTH)
  zeroize(dh, prk)
  return shared
}

/** @throws CryptoError `crypto/bad-length`, `crypto/low-order-key` */
export function encapsulate(
  crypto: CryptoProvider,
  recipient: Uint8Array,
): { readonly enc: Uint8Array; readonly shared: Uint8Array } {
  const ephemeral = crypto.x25519.generate()
  const dh = crypto.x25519.dh(ephemeral, recipient)
  // A copy: what goes on the wire must not share memory with a key object.
  const enc = Uint8Array.from(ephemeral.publicKey)
  return { enc, shared: extractAndExpand(crypto, dh, enc, recipient) }
}

/** Null when `enc` is not a key that an honest sender encapsulates with. */
export function decapsulate(
  crypto: CryptoProvider,
  recipient: X25519PrivateKey,
  enc: Uint8Array,
): Uint8Array | null {
  if (enc.length !== KEY_LENGTH || isSmallOrderX25519(enc)) return null
  return extractAndExpand(crypto, crypto.x25519.dh(recipient, enc), enc, recipient.publicKey)
}

/** The part of the key schedule that depends on the info alone. */
export function scheduleContext(crypto: CryptoProvider, aead: HpkeAead, info: Uint8Array): Uint8Array {
  const suite = SUITES[aead]
  const pskIdHash = labeledExtract(crypto, suite, EMPTY, 'psk_id_hash', EMPTY)
  const infoHash = labeledExtract(crypto, suite, EMPTY, 'info_hash', info)
  return concatBytes(MODE_BASE, pskIdHash, infoHash)
}

/** Takes the shared secret over and wipes it. */
export function keySchedule(
  crypto: CryptoProvider,
  aead: HpkeAead,
  shared: Uint8Array,
  context: Uint8Array,
): HpkeContext {
  const suite = SUITES[aead]
  const secret = labeledExtract(crypto, suite, shared, 'secret', EMPTY)
  zeroize(shared)
  return { suite, secret, scheduleContext: context }
}

/** Key and base nonce; the nonce of message 0 is the base nonce itself. Spends the context. */
export function aeadKeys(
  crypto: CryptoProvider,
  aead: HpkeAead,
  context: HpkeContext,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const { suite, secret, scheduleContext } = context
  const { keyLength, nonceLength } = crypto[aead]
  const key = labeledExpand(crypto, suite, secret, 'key', scheduleContext, keyLength)
  const nonce = labeledExpand(crypto, suite, secret, 'base_nonce', scheduleContext, nonceLength)
  zeroize(secret)
  return { key, nonce }
}

/** Section 5.3. Spends the context. */
export function exportFrom(
  crypto: CryptoProvider,
  context: HpkeContext,
  exporterContext: Uint8Array,
  length: number,
): Uint8Array {
  const { suite, secret, scheduleContext } = context
  const exporter = labeledExpand(crypto, suite, secret, 'exp', scheduleContext, KEY_LENGTH)
  const exported = labeledExpand(crypto, suite, exporter, 'sec', exporterContext, length)
  zeroize(secret, exporter)
  return exported
}
