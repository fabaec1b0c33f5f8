/**
 * Stored form of the prekeys (spec/session.md, "Snapshots"). Holds private keys: seal it before it is stored.
 *
 *   version u8 | next id u32
 *   | count u8  | { id u32, created u48, private key 32, bundle hash 32 } × count
 *   | count u16 | { id u32, signed prekey id u32, private key 32, bundle hash 32 } × count
 *
 * Version 2, written when there is a KEM prekey, adds to each entry: KEM u8, 0 for none | seed 64, if any.
 */
import type { SessionCrypto } from '@hyphae/crypto'
import { absent, type Codec, decode, encode, key, list, struct, time, u8, u16, u32 } from './codec.js'
import { RatchetError } from './errors.js'
import { KEPT_SIGNED_PREKEYS, MAX_ONE_TIME_PREKEYS } from './limits.js'
import type { PostQuantum } from './post-quantum.js'
import type { PrekeyState } from './prekey-state.js'
import { storedKem, storedX25519 } from './stored-keys.js'

export const PREKEY_SNAPSHOT_VERSION = 1
export const PREKEY_SNAPSHOT_VERSION_KEM = 2

type StoredPrekeys = Omit<PrekeyState, 'pq'> & { readonly version: number }

function layoutOf(crypto: SessionCrypto, version: number, pq: PostQuantum | null): Codec<StoredPrekeys> {
  const keys = {
    key: storedX25519(crypto),
    bundleHash: key,
    kem: version === PREKEY_SNAPSHOT_VERSION ? absent(null) : storedKem(pq),
  }
  return struct({
    version: u8,
    nextId: u32,
    signed: list(u8, 1, KEPT_SIGNED_PREKEYS, struct({ id: u32, createdAt: time, ...keys })),
    oneTime: list(u16, 0, MAX_ONE_TIME_PREKEYS, struct({ id: u32, signedPrekeyId: u32, ...keys })),
  })
}

function hasKem({ signed, oneTime }: StoredPrekeys | PrekeyState): boolean {
  return [...signed, ...oneTime].some((one) => one.kem !== null)
}

export function encodePrekeyState(crypto: SessionCrypto, state: PrekeyState): Uint8Array {
  const version = hasKem(state) ? PREKEY_SNAPSHOT_VERSION_KEM : PREKEY_SNAPSHOT_VERSION
  return encode(layoutOf(crypto, version, state.pq), { ...state, version })
}

export interface DecodePrekeyOptions {
  /** Needed where there are KEM prekeys; with it, a classic state makes them from the next rotation on. */
  readonly pq?: PostQuantum
}

/** Accepts only what encodePrekeyState writes. @throws RatchetError `ratchet/bad-snapshot`, `ratchet/unsupported-version` */
export function decodePrekeyState(
  crypto: SessionCrypto,
  bytes: Uint8Array,
  options: DecodePrekeyOptions = {},
): PrekeyState {
  const [version = PREKEY_SNAPSHOT_VERSION] = bytes
  const pq = options.pq ?? null
  if (version !== PREKEY_SNAPSHOT_VERSION && (version !== PREKEY_SNAPSHOT_VERSION_KEM || pq === null)) {
    throw new RatchetError('ratchet/unsupported-version', { details: { version } })
  }
  const stored = decode(layoutOf(crypto, version, pq), bytes, 'ratchet/bad-snapshot')
  const { nextId, signed, oneTime } = stored
  checkIds(signed, nextId)
  checkIds(oneTime, nextId)
  for (const { signedPrekeyId } of oneTime) {
    if (!signed.some(({ id }) => id === signedPrekeyId)) refuse('signedPrekeyId', signedPrekeyId)
  }
  if (hasKem(stored) !== (version === PREKEY_SNAPSHOT_VERSION_KEM)) refuse('version', version)
  return { nextId, signed, oneTime, pq }
}

/** Ascending, from 1, and all given out before `nextId`. */
function checkIds(prekeys: readonly { readonly id: number }[], nextId: number): void {
  let previous = 0
  for (const { id } of prekeys) {
    if (id <= previous || id >= nextId) refuse('id', id)
    previous = id
  }
}

function refuse(name: string, value: number): never {
  throw new RatchetError('ratchet/bad-snapshot', { details: { [name]: value } })
}
