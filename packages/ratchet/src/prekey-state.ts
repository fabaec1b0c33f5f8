/**
 * The prekeys a device holds (spec/session.md, "Prekeys").
 *
 * Pure: every function returns a new state. One counter numbers all prekeys and never goes back, so an id is
 * never used twice. Each one-time prekey keeps the hash of the bundle it was published in: the handshake
 * proves that its sender used exactly that bundle.
 *
 * With a post-quantum part each of them has a KEM prekey beside it, under the same id, which is one-time or
 * last-resort as the bundle is, and is forgotten with it.
 */
import type { SessionCrypto, X25519PrivateKey } from '@hyphae/crypto'
import type { Kem, KemPrivateKey } from '@hyphae/crypto/kem'
import { checkArgument, checkTime } from './arguments.js'
import { type DeviceKeys, type DevicePublicKeys, devicePublicKeys } from './device-keys.js'
import { RatchetError } from './errors.js'
import { KEPT_SIGNED_PREKEYS, MAX_ONE_TIME_PREKEYS, MAX_PREKEY_BATCH, MAX_PREKEY_ID } from './limits.js'
import type { PostQuantum } from './post-quantum.js'
import { encodePrekeyBundle } from './prekey-bundle.js'

export interface SignedPrekey {
  readonly id: number
  /** Milliseconds. */
  readonly createdAt: number
  readonly key: X25519PrivateKey
  /** The last-resort KEM prekey beside it; null in a classic bundle. */
  readonly kem: KemPrivateKey | null
  /** SHA-256 of the last-resort bundle made of it. */
  readonly bundleHash: Uint8Array
}

export interface OneTimePrekey {
  readonly id: number
  /** The signed prekey in the same bundle. */
  readonly signedPrekeyId: number
  readonly key: X25519PrivateKey
  /** The one-time KEM prekey in the same bundle; null in a classic one. */
  readonly kem: KemPrivateKey | null
  /** SHA-256 of the bundle. */
  readonly bundleHash: Uint8Array
}

/** Private keys are opaque objects, so printing a state shows public halves only. */
export interface PrekeyState {
  /** The next prekey gets this id. */
  readonly nextId: number
  /** Oldest first; the last is current. At least one, at most KEPT_SIGNED_PREKEYS. */
  readonly signed: readonly SignedPrekey[]
  /** By ascending id. */
  readonly oneTime: readonly OneTimePrekey[]
  /** Given, the next signed prekey and all that is published beside it have KEM prekeys. */
  readonly pq: PostQuantum | null
}

/** A state with one signed prekey and no one-time prekeys. `now` in milliseconds; `pq` makes suite 2 bundles. */
export function createPrekeyState(
  crypto: SessionCrypto,
  keys: DeviceKeys,
  options: { readonly now: number; readonly pq?: PostQuantum },
): PrekeyState {
  const empty = { nextId: 1, signed: [], oneTime: [], pq: options.pq ?? null }
  return rotateSignedPrekey(crypto, keys, empty, options)
}

/**
 * Adds a new signed prekey and forgets all but the last KEPT_SIGNED_PREKEYS, with the one-time prekeys that
 * were published beside a forgotten one: their bundles no longer work.
 * @throws RatchetError `ratchet/prekeys-exhausted`, `ratchet/bad-argument`
 */
export function rotateSignedPrekey(
  crypto: SessionCrypto,
  keys: DeviceKeys,
  state: PrekeyState,
  options: { readonly now: number },
): PrekeyState {
  const id = takeIds(state, 1)
  const createdAt = checkTime(options.now)
  const key = crypto.x25519.generate()
  const kem = state.pq?.prekeyKem.generate(crypto).privateKey ?? null
  const fresh = { id, createdAt, key, kem }
  const bundle = bundleOf(crypto, keys, devicePublicKeys(crypto, keys), fresh, null)
  const signed = [...state.signed, { ...fresh, bundleHash: crypto.sha256(bundle) }].slice(
    -KEPT_SIGNED_PREKEYS,
  )
  const oldest = (signed[0] as SignedPrekey).id
  const oneTime = state.oneTime.filter((one) => one.signedPrekeyId >= oldest)
  return { ...state, nextId: id + 1, signed, oneTime }
}

/**
 * Makes `count` one-time prekeys and one self-contained bundle for each, ready for the directory.
 * Beyond MAX_ONE_TIME_PREKEYS the oldest are forgotten.
 * @throws RatchetError `ratchet/bad-argument` unless 1 ≤ count ≤ MAX_PREKEY_BATCH, `ratchet/prekeys-exhausted`
 */
export function generateOneTimePrekeys(
  crypto: SessionCrypto,
  keys: DeviceKeys,
  state: PrekeyState,
  count: number,
): { state: PrekeyState; bundles: Uint8Array[] } {
  checkArgument('count', count, 1, MAX_PREKEY_BATCH)
  const firstId = takeIds(state, count)
  const signed = currentSignedPrekey(state)
  const identity = devicePublicKeys(crypto, keys)
  const kemOf = signed.kem === null ? null : requirePostQuantum(state).kem(signed.kem.kind)
  const bundles: Uint8Array[] = []
  const fresh: OneTimePrekey[] = []
  for (let id = firstId; id < firstId + count; id++) {
    const key = crypto.x25519.generate()
    const kem = kemOf?.generate(crypto).privateKey ?? null
    const bundle = bundleOf(crypto, keys, identity, signed, { id, key, kem })
    bundles.push(bundle)
    fresh.push({ id, signedPrekeyId: signed.id, key, kem, bundleHash: crypto.sha256(bundle) })
  }
  const oneTime = [...state.oneTime, ...fresh].slice(-MAX_ONE_TIME_PREKEYS)
  return { state: { ...state, nextId: firstId + count, oneTime }, bundles }
}

/** The bundle without a one-time prekey, flagged so under the signature. The same bytes until the next rotation. */
export function lastResortBundle(crypto: SessionCrypto, keys: DeviceKeys, state: PrekeyState): Uint8Array {
  return bundleOf(crypto, keys, devicePublicKeys(crypto, keys), currentSignedPrekey(state), null)
}

/** The signed prekey that new bundles carry. */
export function currentSignedPrekey(state: PrekeyState): SignedPrekey {
  return state.signed[state.signed.length - 1] as SignedPrekey
}

/** The prekeys that a handshake names, and the hash of the bundle it was made from. */
export interface NamedPrekeys {
  readonly signed: X25519PrivateKey
  readonly oneTime: X25519PrivateKey | null
  /** Of the same bundle; null when that was classic. */
  readonly kem: { readonly id: number; readonly kem: Kem; readonly key: KemPrivateKey } | null
  readonly bundleHash: Uint8Array
}

/**
 * Looks up without consuming. `oneTimeId` 0 means none.
 * @throws RatchetError `ratchet/unknown-prekey`, `ratchet/prekey-expired`, `ratchet/prekey-used`
 */
export function findPrekeys(state: PrekeyState, signedId: number, oneTimeId: number): NamedPrekeys {
  if (signedId >= state.nextId || oneTimeId >= state.nextId) {
    throw new RatchetError('ratchet/unknown-prekey', { details: { signedId, oneTimeId } })
  }
  const signed = state.signed.find((one) => one.id === signedId)
  if (signed === undefined) throw new RatchetError('ratchet/prekey-expired', { details: { signedId } })
  const oneTime = oneTimeId === 0 ? null : state.oneTime.find((one) => one.id === oneTimeId)
  if (oneTime === undefined) throw new RatchetError('ratchet/prekey-used', { details: { oneTimeId } })
  if (oneTime !== null && oneTime.signedPrekeyId !== signedId) {
    throw new RatchetError('ratchet/unknown-prekey', { details: { signedId, oneTimeId } })
  }
  const named = oneTime ?? signed
  const kem = namedKem(state, named)
  return { signed: signed.key, oneTime: oneTime?.key ?? null, kem, bundleHash: named.bundleHash }
}

function namedKem(state: PrekeyState, prekey: SignedPrekey | OneTimePrekey): NamedPrekeys['kem'] {
  if (prekey.kem === null) return null
  return { id: prekey.id, kem: requirePostQuantum(state).kem(prekey.kem.kind), key: prekey.kem }
}

/** A state that holds KEM prekeys was made or read with the implementation: only a forged one lacks it. */
function requirePostQuantum(state: PrekeyState): PostQuantum {
  if (state.pq === null) throw new RatchetError('ratchet/bad-argument', { details: { name: 'pq' } })
  return state.pq
}

/** The state after the handshake that named it was proved; id 0 consumes nothing. */
export function consumeOneTime(state: PrekeyState, oneTimeId: number): PrekeyState {
  if (oneTimeId === 0) return state
  return { ...state, oneTime: state.oneTime.filter((one) => one.id !== oneTimeId) }
}

function takeIds(state: PrekeyState, count: number): number {
  if (state.nextId + count - 1 > MAX_PREKEY_ID) {
    throw new RatchetError('ratchet/prekeys-exhausted', { details: { nextId: state.nextId } })
  }
  return state.nextId
}

function bundleOf(
  crypto: SessionCrypto,
  keys: DeviceKeys,
  identity: DevicePublicKeys,
  signed: Omit<SignedPrekey, 'bundleHash'>,
  oneTime: Pick<OneTimePrekey, 'id' | 'key' | 'kem'> | null,
): Uint8Array {
  const { id, createdAt, key } = signed
  const { id: kemId, kem } = oneTime ?? signed
  return encodePrekeyBundle(crypto, keys.signing, {
    identity,
    signedPrekey: { id, createdAt, publicKey: key.publicKey },
    oneTimePrekey: oneTime === null ? null : { id: oneTime.id, publicKey: oneTime.key.publicKey },
    kemPrekey: kem === null ? null : { kem: kem.kind, id: kemId, publicKey: kem.publicKey },
  })
}
