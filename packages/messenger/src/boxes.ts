/**
 * Mailboxes: how their keys come about (spec/messenger.md, Mailboxes). Knows of no store and no carrier.
 *
 * All boxes of a device begin with the same bits, its home, so that one bucket holds them all: who reads boxes by
 * their buckets shows by it neither how many conversations it has nor when one begins.
 */
import { type BoxId, type BoxKey, boxId, concatBytes, utf8 } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import type { SessionState } from '@hyphae/ratchet'
import { HOME_BITS } from './limits.js'

const TO = { initiator: utf8('hyphae box to initiator'), responder: utf8('hyphae box to responder') } as const
const BOX: Uint8Array = utf8('hyphae box')
const SEED_BYTES = 32
const NO_SALT = new Uint8Array()
/** Of 2^16 candidates none fits with a probability of e^-2048. */
const MAX_CANDIDATES = 0x10000

/** The first HOME_BITS bits of a box id. */
export function homeOf(box: Uint8Array): number {
  return (box[0] as number) >>> (8 - HOME_BITS)
}

/** The first `bits` bits of a box id, or of the address of a record. */
export function prefixOf(box: Uint8Array, bits: number): number {
  const head = new DataView(box.buffer, box.byteOffset, 4).getUint32(0)
  return bits === 0 ? 0 : head >>> (32 - bits)
}

/** What the boxes of one session follow from, by who reads them. */
export interface BoxBases {
  readonly own: Uint8Array
  readonly peer: Uint8Array
}

export function boxBases(crypto: CryptoProvider, session: SessionState): BoxBases {
  const base = (to: keyof typeof TO): Uint8Array =>
    crypto.hkdfSha256(session.mailboxSecret, NO_SALT, TO[to], SEED_BYTES)
  return session.role === 'initiator'
    ? { own: base('initiator'), peer: base('responder') }
    : { own: base('responder'), peer: base('initiator') }
}

/** Seed of the box of an epoch: the first of its candidates whose id lies at `home`. */
export function boxSeedAt(crypto: CryptoProvider, base: Uint8Array, home: number, epoch: number): Uint8Array {
  const place = new Uint8Array(4)
  const view = new DataView(place.buffer)
  view.setUint16(0, epoch, true)
  for (let candidate = 0; candidate < MAX_CANDIDATES; candidate++) {
    view.setUint16(2, candidate, true)
    const seed = crypto.hkdfSha256(base, NO_SALT, concatBytes(BOX, place), SEED_BYTES)
    if (homeOf(crypto.ed25519.importSeed(seed).publicKey) === home) return seed
  }
  throw new RangeError('no candidate lies at home')
}

export function boxOfSeed(crypto: CryptoProvider, seed: Uint8Array): BoxId {
  return boxId(crypto.ed25519.importSeed(seed).publicKey)
}

/** A new key for a box at `home`. */
export function boxKeyAt(crypto: CryptoProvider, home: number): Ed25519PrivateKey {
  for (;;) {
    const key = crypto.ed25519.generate()
    if (homeOf(key.publicKey) === home) return key
  }
}

/** The key that proves reading of a box, from its seed. */
export function boxKeyOf(crypto: CryptoProvider, seed: Uint8Array): BoxKey {
  const key = crypto.ed25519.importSeed(seed)
  return { id: boxId(key.publicKey), sign: (message) => crypto.ed25519.sign(key, message) }
}
