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
import { type ByteReader, type ByteWriter, byteReader, byteWriter } from './bytes.js'
import { isUsableX25519, type PeerKeys } from './device-keys.js'
import { RatchetError } from './errors.js'
import { headerChain } from './header-chain.js'
import { SESSION_ID_BYTES } from './initiate.js'
import { MAX_SKIPPED_KEYS } from './limits.js'
import type { PostQuantum } from './post-quantum.js'
import type { SessionRole } from './role.js'
import {
  coreOf,
  type PqSide,
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

/**
 * Suite 1: 301 to 400 bytes, then 2 and 92 for each skipped message. Suite 2: 85 to 2,533 more, and 97 or 129 for
 * each skipped message. Equal states give equal bytes.
 */
export function encodeSession(session: SessionState): Uint8Array {
  const core = coreOf(session)
  const { facts, receiving, skipped, pq } = core
  const version = pq === null ? SESSION_SNAPSHOT_VERSION : SESSION_SNAPSHOT_VERSION_PQ
  const writer = byteWriter().u8((version << 4) | flagsOf(core))
  writer.time(facts.createdAt).bytes(facts.transcript).bytes(facts.mailboxSecret)
  writer.bytes(facts.peer.signing).bytes(facts.peer.agreement).bytes(core.rootKey)
  writeSending(writer, core.sending)
  if (receiving !== null) writer.bytes(receiving.chainKey).bytes(receiving.header.key).u24(receiving.n)
  if (skipped.length > 0) writer.u16(skipped.length)
  for (const entry of skipped) writeSkipped(writer, entry)
  if (pq !== null) writer.time(core.turnedAt).bytes(pq.suite.encode(pq.state))
  return writer.done()
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
  const reader = byteReader(bytes, 'ratchet/bad-snapshot')
  const first = reader.u8()
  const version = first >>> 4
  const suite = version === SESSION_SNAPSHOT_VERSION_PQ ? (options.pq ?? null) : null
  if (version !== SESSION_SNAPSHOT_VERSION && suite === null) {
    throw new RatchetError('ratchet/unsupported-version', { details: { version } })
  }
  const flags = first & 0xf
  const receives = (flags & FLAG_RECEIVING) !== 0
  // Only an initiator that heard nothing yet has no receiving chain.
  if (!receives && flags !== 0) refuse('flags', flags)
  const facts = readFacts(reader, flags)
  const rootKey = reader.bytes(32)
  const sending = (flags & FLAG_DUE) !== 0 ? readDue(reader) : readReady(crypto, reader)
  const receiving = receives ? readReceiving(reader) : null
  const skipped = (flags & FLAG_SKIPPED) !== 0 ? readSkipped(reader, suite !== null) : []
  const turnedAt = suite === null ? 0 : reader.time()
  const pq = suite === null ? null : readPq(reader, suite, facts.role, bytes.length)
  reader.end()
  return sessionOf({ facts, rootKey, sending, receiving, skipped, pq, turnedAt })
}

function refuse(name: string, value: number): never {
  throw new RatchetError('ratchet/bad-snapshot', { details: { [name]: value } })
}

function flagsOf(core: SessionCore): number {
  const role = core.facts.role === 'responder' ? FLAG_RESPONDER : 0
  const due = core.sending.kind === 'due' ? FLAG_DUE : 0
  const receiving = core.receiving === null ? 0 : FLAG_RECEIVING
  return role | due | receiving | (core.skipped.length === 0 ? 0 : FLAG_SKIPPED)
}

function readFacts(reader: ByteReader, flags: number): SessionFacts {
  const createdAt = reader.time()
  const transcript = reader.bytes(32)
  const mailboxSecret = reader.bytes(32)
  const peer: PeerKeys = { signing: reader.bytes(32), agreement: readPublicKey(reader) }
  const role = (flags & FLAG_RESPONDER) !== 0 ? 'responder' : 'initiator'
  return { role, createdAt, peer, transcript, id: transcript.slice(0, SESSION_ID_BYTES), mailboxSecret }
}

function readPublicKey(reader: ByteReader): Uint8Array {
  const key = reader.bytes(32)
  if (!isUsableX25519(key)) throw new RatchetError('ratchet/bad-snapshot')
  return key
}

function writeSending(writer: ByteWriter, sending: SessionCore['sending']): void {
  if (sending.kind === 'due') {
    writer.bytes(sending.remoteKey).bytes(sending.headerKey).u24(sending.pn)
    return
  }
  const { chainKey, headerKey, next, n, pn } = sending
  writer
    .bytes(sending.ratchetSecret)
    .bytes(sending.ratchetPublic)
    .bytes(chainKey)
    .bytes(headerKey)
    .bytes(next.key)
    .u24(n)
    .u24(pn)
}

function readDue(reader: ByteReader): SessionCore['sending'] {
  return {
    kind: 'due',
    remoteKey: readPublicKey(reader),
    headerKey: reader.bytes(32),
    pn: reader.u24(),
  }
}

function readReady(crypto: SessionCrypto, reader: ByteReader): SessionCore['sending'] {
  const ratchetSecret = reader.bytes(32)
  return {
    kind: 'ready',
    ratchetSecret,
    ratchetKey: crypto.x25519.importPrivateKey(ratchetSecret),
    ratchetPublic: readPublicKey(reader),
    chainKey: reader.bytes(32),
    headerKey: reader.bytes(32),
    next: headerChain(reader.bytes(32)),
    n: reader.u24(),
    pn: reader.u24(),
  }
}

function readReceiving(reader: ByteReader): ReceivingChain {
  return { chainKey: reader.bytes(32), header: headerChain(reader.bytes(32)), n: reader.u24() }
}

function writeSkipped(writer: ByteWriter, { mask, messageKey, storedAt, pq }: SkippedKey): void {
  writer.bytes(mask).bytes(messageKey).time(storedAt)
  if (pq === null) return
  writer.u32(pq.epoch).u8(pq.later === null ? 0 : 1)
  if (pq.later !== null) writer.bytes(pq.later)
}

function readSkipped(reader: ByteReader, epochs: boolean): SkippedKey[] {
  const count = reader.u16()
  if (count === 0 || count > MAX_SKIPPED_KEYS) refuse('skipped', count)
  const skipped: SkippedKey[] = []
  while (skipped.length < count) {
    skipped.push({
      mask: reader.bytes(FRAME_MASK_BYTES),
      messageKey: reader.bytes(32),
      storedAt: reader.time(),
      pq: epochs ? readEpochs(reader) : null,
    })
  }
  return skipped
}

function readEpochs(reader: ByteReader): SkippedEpochs {
  const epoch = reader.u32()
  const later = reader.u8()
  if (later > 1) refuse('later', later)
  return { epoch, later: later === 1 ? reader.bytes(32) : null }
}

/** The rest of the snapshot. */
function readPq(reader: ByteReader, suite: PostQuantum, role: SessionRole, length: number): PqSide {
  return { suite, state: suite.decode(role, reader.bytes(length - reader.offset())) }
}
