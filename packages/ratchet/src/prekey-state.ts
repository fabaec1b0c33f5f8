/**
 * The prekeys a device holds (spec/session.md, "Prekeys").
 *
 * Pure: every function returns a new state. One counter numbers all prekeys and never goes back, so an id is
 * never used twice. Each one-time prekey keeps the hash of the bundle it was published in: the handshake
 * proves that its sender used exactly that bundle.
 */
import type { CryptoProvider, X25519PrivateKey } from '@hyphae/crypto'
import { checkTime } from './bytes.js'
import { type DeviceKeys, type DevicePublicKeys, devicePublicKeys } from './device-keys.js'
import { RatchetError } from './errors.js'
import { KEPT_SIGNED_PREKEYS, MAX_ONE_TIME_PREKEYS, MAX_PREKEY_BATCH, MAX_PREKEY_ID } from './limits.js'
import { encodePrekeyBundle, type OneTimePrekeyPublic } from './prekey-bundle.js'

export interface SignedPrekey {
  readonly id: number
  /** Milliseconds. */
  readonly createdAt: number
  readonly key: X25519PrivateKey
  /** SHA-256 of the last-resort bundle made of it. */
  readonly bundleHash: Uint8Array
}

export interface OneTimePrekey {
  readonly id: number
  /** The signed prekey in the same bundle. */
  readonly signedPrekeyId: number
  readonly key: X25519PrivateKey
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
}

/** A state with one signed prekey and no one-time prekeys. `now` in milliseconds. */
export function createPrekeyState(
  crypto: CryptoProvider,
  keys: DeviceKeys,
  options: { readonly now: number },
): PrekeyState {
  return rotateSignedPrekey(crypto, keys, { nextId: 1, signed: [], oneTime: [] }, options)
}

/**
 * Adds a new signed prekey and forgets all but the last KEPT_SIGNED_PREKEYS, with the one-time prekeys that
 * were published beside a forgotten one: their bundles no longer work.
 * @throws RatchetError `ratchet/prekeys-exhausted`, `ratchet/bad-argument`
 */
export function rotateSignedPrekey(
  crypto: CryptoProvider,
  keys: DeviceKeys,
  state: PrekeyState,
  options: { readonly now: number },
): PrekeyState {
  const id = takeIds(state, 1)
  const key = crypto.x25519.generate()
  const fresh = { id, createdAt: checkTime(options.now), key }
  const bundle = bundleOf(crypto, keys, devicePublicKeys(crypto, keys), fresh, null)
  const signed = [...state.signed, { ...fresh, bundleHash: crypto.sha256(bundle) }].slice(
    -KEPT_SIGNED_PREKEYS,
  )
  const oldest = (signed[0] as SignedPrekey).id
  return { nextId: id + 1, signed, oneTime: state.oneTime.filter((one) => one.signedPrekeyId >= oldest) }
}

/**
 * Makes `count` one-time prekeys and one self-contained bundle for each, ready for the directory.
 * Beyond MAX_ONE_TIME_PREKEYS the oldest are forgotten.
 * @throws RatchetError `ratchet/bad-argument` unless 1 ≤ count ≤ MAX_PREKEY_BATCH, `ratchet/prekeys-exhausted`
 */
export function generateOneTimePrekeys(
  crypto: CryptoProvider,
  keys: DeviceKeys,
  state: PrekeyState,
  count: number,
): { state: PrekeyState; bundles: Uint8Array[] } {
  if (!Number.isInteger(count) || count < 1 || count > MAX_PREKEY_BATCH) {
    throw new RatchetError('ratchet/bad-argument', { details: { name: 'count', max: MAX_PREKEY_BATCH } })
  }
  const firstId = takeIds(state, count)
  const signed = currentSignedPrekey(state)
  const identity = devicePublicKeys(crypto, keys)
  const bundles: Uint8Array[] = []
  const fresh: OneTimePrekey[] = []
  for (let id = firstId; id < firstId + count; id++) {
    const key = crypto.x25519.generate()
    const bundle = bundleOf(crypto, keys, identity, signed, { id, publicKey: key.publicKey })
    bundles.push(bundle)
    fresh.push({ id, signedPrekeyId: signed.id, key, bundleHash: crypto.sha256(bundle) })
  }
  const oneTime = [...state.oneTime, ...fresh].slice(-MAX_ONE_TIME_PREKEYS)
  return { state: { ...state, nextId: firstId + count, oneTime }, bundles }
}

/** The bundle without a one-time prekey, flagged so under the signature. The same bytes until the next rotation. */
export function lastResortBundle(crypto: CryptoProvider, keys: DeviceKeys, state: PrekeyState): Uint8Array {
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
  if (oneTimeId === 0) return { signed: signed.key, oneTime: null, bundleHash: signed.bundleHash }
  const oneTime = state.oneTime.find((one) => one.id === oneTimeId)
  if (oneTime === undefined) throw new RatchetError('ratchet/prekey-used', { details: { oneTimeId } })
  if (oneTime.signedPrekeyId !== signedId) {
    throw new RatchetError('ratchet/unknown-prekey', { details: { signedId, oneTimeId } })
  }
  return { signed: signed.key, oneTime: oneTime.key, bundleHash: oneTime.bundleHash }
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
  crypto: CryptoProvider,
  keys: DeviceKeys,
  identity: DevicePublicKeys,
  signed: Pick<SignedPrekey, 'id' | 'createdAt' | 'key'>,
  oneTimePrekey: OneTimePrekeyPublic | null,
): Uint8Array {
  const { id, createdAt, key } = signed
  const signedPrekey = { id, createdAt, publicKey: key.publicKey }
  return encodePrekeyBundle(crypto, keys.signing, { identity, signedPrekey, oneTimePrekey })
}
