/**
 * Stored form of a session (spec/session.md, "Snapshots"). Holds secrets: seal it before it is stored.
 *
 *   version u4, flags u4 | created u48 | transcript 32 | mailbox secret 32 | peer signing 32 | peer agreement 32
 *   | root key 32
 *   | ready: ratchet private key 32, ratchet public key 32, chain key 32, header key 32, next header key 32, n u24, pn u24
 *     due:   peer's ratchet key 32, header key 32, pn u24
 *   | receiving chain, if any: chain key 32, header key 32, n u24
 *   | skipped messages, if any: count u16, { tag and mask 54, message key 32, stored u48 } × count
 *
 * Version 2, of suite 2 sessions: each skipped message goes on with epoch u32 | 0 or 1 | later message key 32, if 1;
 * and at the end stand: turned u48 | the post-quantum ratchet.
 */
import type { SessionCrypto } from '@hyphae/crypto'
import { FRAME_MASK_BYTES } from '@hyphae/tlv'
import {
  absent,
  bytes as bytesOf,
  type Codec,
  checked,
  choice,
  decode,
  encode,
  key,
  list,
  mapped,
  struct,
  time,
  u8,
  u16,
  u24,
  u32,
} from './codec.js'
import { isUsableX25519, type PeerKeys } from './device-keys.js'
import { RatchetError } from './errors.js'
import { type HeaderChain, headerChain } from './header-chain.js'
import { MAX_SKIPPED_KEYS } from './limits.js'
import type { PostQuantum } from './post-quantum.js'
import {
  coreOf,
  type DueSide,
  factsOf,
  type ReadySide,
  type ReceivingChain,
  type SessionCore,
  type SessionFacts,
  type SessionState,
  sessionOf,
} from './session.js'
import type { SkippedEpochs, SkippedKey } from './skipped-keys.js'

/** Of suite 1 and of suite 2. */
export const SESSION_SNAPSHOT_VERSION = 1
export const SESSION_SNAPSHOT_VERSION_PQ = 2
const FLAG_RESPONDER = 1
const FLAG_DUE = 2
const FLAG_RECEIVING = 4
const FLAG_SKIPPED = 8

type StoredFacts = Pick<SessionFacts, 'createdAt' | 'transcript' | 'mailboxSecret' | 'peer'>
type StoredReady = Omit<ReadySide, 'kind' | 'ratchetKey'>

interface StoredSession extends Pick<SessionCore, 'rootKey' | 'receiving' | 'skipped' | 'turnedAt'> {
  /** Version u4, flags u4: they tell all of the layout. */
  readonly head: number
  readonly facts: StoredFacts
  readonly sending: StoredReady | DueSide
  readonly pq: Uint8Array | null
}

const publicKey: Codec<Uint8Array> = /* @__PURE__ */ checked(key, isUsableX25519)
const header: Codec<HeaderChain> = /* @__PURE__ */ mapped(key, headerChain, (chain) => chain.key)

const FACTS: Codec<StoredFacts> = /* @__PURE__ */ struct({
  createdAt: time,
  transcript: key,
  mailboxSecret: key,
  peer: /* @__PURE__ */ struct<PeerKeys>({ signing: key, agreement: publicKey }),
})
const READY: Codec<StoredReady> = /* @__PURE__ */ struct({
  ratchetSecret: key,
  ratchetPublic: publicKey,
  chainKey: key,
  headerKey: key,
  next: header,
  n: u24,
  pn: u24,
})
const DUE: Codec<DueSide> = /* @__PURE__ */ struct<DueSide>({
  kind: /* @__PURE__ */ absent('due'),
  remoteKey: publicKey,
  headerKey: key,
  pn: u24,
})
const RECEIVING: Codec<ReceivingChain> = /* @__PURE__ */ struct({ chainKey: key, header, n: u24 })
const LATER: Codec<Uint8Array | null> = /* @__PURE__ */ choice<Uint8Array | null>(
  [/* @__PURE__ */ absent(null), key],
  (later) => (later === null ? 0 : 1),
)
const EPOCHS: Codec<SkippedEpochs> = /* @__PURE__ */ struct({ epoch: u32, later: LATER })

function layoutOf(head: number): Codec<StoredSession> {
  const classic = head >>> 4 === SESSION_SNAPSHOT_VERSION
  const skipped: Codec<SkippedKey> = struct({
    mask: bytesOf(FRAME_MASK_BYTES),
    messageKey: key,
    storedAt: time,
    pq: classic ? absent(null) : EPOCHS,
  })
  return struct({
    head: u8,
    facts: FACTS,
    rootKey: key,
    sending: head & FLAG_DUE ? DUE : READY,
    receiving: head & FLAG_RECEIVING ? RECEIVING : absent(null),
    skipped: head & FLAG_SKIPPED ? list(u16, 1, MAX_SKIPPED_KEYS, skipped) : absent([]),
    turnedAt: classic ? absent(0) : time,
    pq: classic ? absent(null) : bytesOf(),
  })
}

function headOf({ facts, sending, receiving, skipped, pq }: SessionCore): number {
  const version = pq === null ? SESSION_SNAPSHOT_VERSION : SESSION_SNAPSHOT_VERSION_PQ
  const role = facts.role === 'responder' ? FLAG_RESPONDER : 0
  const due = sending.kind === 'due' ? FLAG_DUE : 0
  const receives = receiving === null ? 0 : FLAG_RECEIVING
  return (version << 4) | role | due | receives | (skipped.length === 0 ? 0 : FLAG_SKIPPED)
}

/**
 * Suite 1: 301 to 400 bytes, then 2 and 92 for each skipped message. Suite 2: 85 to 2,533 more, and 97 or 129 for
 * each skipped message. Equal states give equal bytes.
 */
export function encodeSession(session: SessionState): Uint8Array {
  const core = coreOf(session)
  const { facts, rootKey, sending, receiving, skipped, turnedAt } = core
  const head = headOf(core)
  const pq = core.pq?.suite.encode(core.pq.state) ?? null
  return encode(layoutOf(head), { head, facts, rootKey, sending, receiving, skipped, turnedAt, pq })
}

export interface DecodeSessionOptions {
  /** Needed for the snapshot of a suite 2 session. */
  readonly pq?: PostQuantum
}

/**
 * Accepts only what encodeSession writes.
 * @throws RatchetError `ratchet/bad-snapshot`, `ratchet/unsupported-version`
 */
export function decodeSession(
  crypto: SessionCrypto,
  bytes: Uint8Array,
  options: DecodeSessionOptions = {},
): SessionState {
  const [head = SESSION_SNAPSHOT_VERSION << 4] = bytes
  const version = head >>> 4
  const suite = version === SESSION_SNAPSHOT_VERSION_PQ ? (options.pq ?? null) : null
  if (version !== SESSION_SNAPSHOT_VERSION && suite === null) {
    throw new RatchetError('ratchet/unsupported-version', { details: { version } })
  }
  const flags = head & 0xf
  // Only an initiator that heard nothing yet has no receiving chain.
  if (!(flags & FLAG_RECEIVING) && flags !== 0) {
    throw new RatchetError('ratchet/bad-snapshot', { details: { flags } })
  }
  const stored = decode(layoutOf(head), bytes, 'ratchet/bad-snapshot')
  const { rootKey, receiving, skipped, turnedAt } = stored
  const facts = factsOf(flags & FLAG_RESPONDER ? 'responder' : 'initiator', stored.facts)
  const sending = sideOf(crypto, stored.sending)
  const pq = suite && stored.pq && { suite, state: suite.decode(facts.role, stored.pq) }
  return sessionOf({ facts, rootKey, sending, receiving, skipped, pq, turnedAt })
}

function sideOf(crypto: SessionCrypto, stored: StoredReady | DueSide): ReadySide | DueSide {
  if ('kind' in stored) return stored
  const { ratchetSecret, ratchetPublic, chainKey, headerKey, next, n, pn } = stored
  const ratchetKey = crypto.x25519.importPrivateKey(ratchetSecret)
  return { kind: 'ready', ratchetKey, ratchetSecret, ratchetPublic, chainKey, headerKey, next, n, pn }
}
