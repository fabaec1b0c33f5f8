/**
 * Prekeys of the Signal wire and the bundle that offers them (PQXDH sections 3.1 and 3.2).
 *
 * Signed prekey and Kyber prekey are signed by the identity key over their serialized form, type byte included;
 * one-time prekeys are not signed. Ids are u32 and their owner's to give; this file keeps nothing.
 */
import type { CryptoProvider, X25519PrivateKey } from '@hyphae/crypto'
import { SignalError } from './errors.js'
import { KYBER_PUBLIC_BYTES, KYBER_SEED_BYTES, kyberPublicKey } from './kyber.js'
import { SIGNAL_MAX_COUNTER } from './limits.js'
import { decodeEcKey, encodeEcKey, encodeKem } from './public-key.js'
import { xeddsaSign, xeddsaVerify } from './xeddsa.js'

/** For one session. */
export interface SignalPrekey {
  readonly id: number
  readonly key: X25519PrivateKey
}

export interface SignalSignedPrekey extends SignalPrekey {
  /** 64 bytes. */
  readonly signature: Uint8Array
}

export interface SignalKyberPrekey {
  readonly id: number
  /** d ‖ z of FIPS 203, 64 bytes, for storing it. Behind a function, so that printing the prekey shows no secret. */
  readonly seed: () => Uint8Array
  /** 1,568 bytes. */
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
}

export function createPrekey(crypto: CryptoProvider, id: number): SignalPrekey {
  return { id: checkId(id), key: crypto.x25519.generate() }
}

export function createSignedPrekey(
  crypto: CryptoProvider,
  identity: X25519PrivateKey,
  id: number,
): SignalSignedPrekey {
  const { key } = createPrekey(crypto, id)
  return { id, key, signature: xeddsaSign(crypto, identity, encodeEcKey(key.publicKey)) }
}

export function createKyberPrekey(
  crypto: CryptoProvider,
  identity: X25519PrivateKey,
  id: number,
): SignalKyberPrekey {
  const seed = crypto.randomBytes(KYBER_SEED_BYTES)
  const publicKey = kyberPublicKey(seed)
  const signature = xeddsaSign(crypto, identity, encodeKem(publicKey))
  return { id: checkId(id), seed: () => seed, publicKey, signature }
}

function checkId(id: number): number {
  if (!Number.isInteger(id) || id < 0 || id > SIGNAL_MAX_COUNTER) {
    throw new SignalError('ratchet/signal-bad-argument', { details: { name: 'id', max: SIGNAL_MAX_COUNTER } })
  }
  return id
}

/** What a directory hands out. Keys are 32 bytes, or 1,568 for Kyber, without their type byte. */
export interface SignalBundle {
  readonly registrationId: number
  readonly deviceId: number
  readonly identityKey: Uint8Array
  readonly signedPrekey: { readonly id: number; readonly key: Uint8Array; readonly signature: Uint8Array }
  readonly kyberPrekey: { readonly id: number; readonly key: Uint8Array; readonly signature: Uint8Array }
  /** Left out when the stock is used up: the session then has less forward secrecy at its start. */
  readonly prekey?: { readonly id: number; readonly key: Uint8Array }
}

declare const verified: unique symbol
/** A bundle whose signatures hold, for the identity that was asked for. */
export type VerifiedSignalBundle = SignalBundle & { readonly [verified]: true }

/**
 * Every key is checked, and both signatures, before anything is computed with them.
 * @param expectedIdentity 32 bytes, as pinned or shown to the user; compare safety numbers to learn it
 * @throws SignalError `ratchet/signal-wrong-identity`, `ratchet/signal-bad-key`, `ratchet/signal-bad-bundle`,
 * `ratchet/signal-bad-signature`
 */
export function verifySignalBundle(
  crypto: CryptoProvider,
  bundle: SignalBundle,
  expectedIdentity: Uint8Array,
): VerifiedSignalBundle {
  const { identityKey, signedPrekey, kyberPrekey, prekey } = bundle
  requireIdentity(identityKey, expectedIdentity)
  const ids = [bundle.registrationId, bundle.deviceId, signedPrekey.id, kyberPrekey.id, prekey?.id ?? 0]
  if (ids.some((id) => !Number.isInteger(id) || id < 0 || id > SIGNAL_MAX_COUNTER)) {
    throw new SignalError('ratchet/signal-bad-bundle')
  }
  decodeEcKey(encodeEcKey(identityKey))
  if (prekey !== undefined) decodeEcKey(encodeEcKey(prekey.key))
  const signed = encodeEcKey(signedPrekey.key)
  decodeEcKey(signed)
  if (kyberPrekey.key.length !== KYBER_PUBLIC_BYTES) throw new SignalError('ratchet/signal-bad-key')
  const good =
    xeddsaVerify(crypto, identityKey, signed, signedPrekey.signature) &&
    xeddsaVerify(crypto, identityKey, encodeKem(kyberPrekey.key), kyberPrekey.signature)
  if (!good) throw new SignalError('ratchet/signal-bad-signature')
  return copyOf(bundle) as VerifiedSignalBundle
}

/** What was checked is what will be used, whatever becomes of the caller's buffers. */
function copyOf(bundle: SignalBundle): SignalBundle {
  const { signedPrekey, kyberPrekey, prekey } = bundle
  const copied = <T extends { readonly key: Uint8Array }>(each: T): T => ({
    ...each,
    key: Uint8Array.from(each.key),
  })
  return {
    ...bundle,
    identityKey: Uint8Array.from(bundle.identityKey),
    signedPrekey: copied(signedPrekey),
    kyberPrekey: copied(kyberPrekey),
    ...(prekey === undefined ? {} : { prekey: copied(prekey) }),
  }
}

/** @throws SignalError `ratchet/signal-wrong-identity` */
export function requireIdentity(given: Uint8Array, expected: Uint8Array): void {
  if (given.length !== expected.length || given.some((byte, i) => byte !== expected[i])) {
    throw new SignalError('ratchet/signal-wrong-identity')
  }
}
