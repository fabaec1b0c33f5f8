/** Frames sealed in the session that sends, and opened in any (spec/session.md, "Which session sends"). */
import { isSealedSize } from '@hyphae/tlv'
import { decryptFrame } from '../decrypt.js'
import { type EncryptInput, encryptFrame } from '../encrypt.js'
import { RatchetError } from '../errors.js'
import { MAX_FORWARD } from '../limits.js'
import type { SessionState } from '../session.js'
import { senderOf } from './begin.js'
import { countSend, follow, isExpired, isOpen, isUnacknowledged } from './choice.js'
import { checkDevice, type SessionsContext, timeOf } from './context.js'
import { changePeer } from './device-sessions.js'
import { SessionsError } from './errors.js'
import { WIDE_SEARCH_SESSIONS } from './limits.js'
import type { MetaRow } from './meta-row.js'
import { readPeer } from './peer-row.js'
import { isConfirmed, type SessionRow } from './session-row.js'
import { placeName, type SessionPlace } from './tag-index.js'
import type { SessionTransaction } from './transaction.js'

export interface Encrypted {
  /** Store it in this transaction and send it after: nothing makes it again. */
  readonly frame: Uint8Array
  /** Hexadecimal. */
  readonly sessionId: string
  readonly session: SessionState
}

export interface FrameInput {
  readonly frame: Uint8Array
  /** Where the frame came from, as far as that is known; without it, it is found by its tag. */
  readonly device?: string
  readonly sessionId?: string
}

export interface Opened {
  readonly device: string
  /** Hexadecimal. */
  readonly sessionId: string
  readonly session: SessionState
  readonly body: Uint8Array
  /** Whether sending moved to this session, because the peer is heard in it. */
  readonly moved: boolean
  /** Whether this message shows for the first time that both sides send in this session: what was sealed before may be lost. */
  readonly settled: boolean
}

/** @throws SessionsError `ratchet/no-session` */
export async function encrypt(
  context: SessionsContext,
  tx: SessionTransaction,
  device: string,
  input: EncryptInput,
): Promise<Encrypted> {
  const { book, crypto, gate } = context
  checkDevice(device)
  const meta = await gate.check(tx)
  const sender = await senderOf(context, tx, meta, device)
  const now = timeOf(context)
  if (typeof sender === 'string' || isUnacknowledged(sender.row, now)) {
    const reason = typeof sender === 'string' ? sender : 'unacknowledged'
    throw new SessionsError('ratchet/no-session', { details: { reason } })
  }
  const sessionId = sender.peer.current as string
  const { session, frame } = encryptFrame(crypto, sender.row.session, input)
  gate.touch(tx)
  const passage = gate.passage(tx)
  const place = placeName({ device, id: sessionId })
  const counted = passage.counted.has(place) ? sender.row : countSend(sender.row, now)
  passage.counted.add(place)
  book.put(tx, passage, device, { ...counted, session })
  return { frame, sessionId, session }
}

/**
 * Null when the frame opens in no session: unknown, repeated, or not authentic. Then nothing is written.
 * @throws RatchetError `ratchet/bad-frame` on a wrong size
 */
export async function decrypt(
  context: SessionsContext,
  tx: SessionTransaction,
  input: FrameInput,
): Promise<Opened | null> {
  const { device, sessionId, frame } = input
  const { length } = frame
  if (!isSealedSize(length)) throw new RatchetError('ratchet/bad-frame', { details: { length } })
  const meta = await context.gate.check(tx)
  if (device !== undefined) checkDevice(device)
  if (device !== undefined && sessionId !== undefined) {
    return openAt(context, tx, meta, { device, id: sessionId }, frame, MAX_FORWARD)
  }
  if (device !== undefined) return searchDevice(context, tx, meta, device, frame)
  for (const place of await context.book.find(tx, context.gate.passage(tx), frame)) {
    const opened = await openAt(context, tx, meta, place, frame, 0)
    if (opened !== null) return opened
  }
  return null
}

/** The windows of all sessions first, then far ahead in the newest. */
async function searchDevice(
  context: SessionsContext,
  tx: SessionTransaction,
  meta: MetaRow,
  device: string,
  frame: Uint8Array,
): Promise<Opened | null> {
  const rows = await context.book.list(tx, device)
  const age = (row: SessionRow): number => row.archivedAt || Number.MAX_SAFE_INTEGER
  const places = rows.sort((a, b) => age(b.row) - age(a.row)).map(({ id }) => ({ device, id }))
  const tries: [readonly SessionPlace[], number][] = [
    [places, 0],
    [places.slice(0, WIDE_SEARCH_SESSIONS), MAX_FORWARD],
  ]
  for (const [some, forward] of tries) {
    for (const place of some) {
      const opened = await openAt(context, tx, meta, place, frame, forward)
      if (opened !== null) return opened
    }
  }
  return null
}

async function openAt(
  context: SessionsContext,
  tx: SessionTransaction,
  meta: MetaRow,
  place: SessionPlace,
  frame: Uint8Array,
  forward: number,
): Promise<Opened | null> {
  const { device, id } = place
  const now = timeOf(context)
  const row = await context.book.get(tx, device, id)
  if (row === undefined || isExpired(row, now)) return null
  const opened = decryptFrame(context.crypto, row.session, frame, { now, forward })
  if (opened === null) return null
  const { session, body } = opened
  const after = await heard(context, tx, meta, place, { ...row, session }, now)
  const settled = after.moved || (after.sends && !isConfirmed(row))
  return { device, sessionId: id, session, body, moved: after.moved, settled }
}

/** A message was opened: the peer has this session, and what was sent in it counts as answered. */
async function heard(
  context: SessionsContext,
  tx: SessionTransaction,
  meta: MetaRow,
  { device, id }: SessionPlace,
  row: SessionRow,
  now: number,
): Promise<{ readonly moved: boolean; readonly sends: boolean }> {
  const { book, gate, tables } = context
  const peer = await readPeer(tx, tables, device)
  gate.touch(tx)
  book.put(tx, gate.passage(tx), device, { ...row, heardAt: now, unanswered: 0, unansweredAt: 0 })
  if (peer === undefined || !isOpen(row, peer, meta.floor)) return { moved: false, sends: false }
  const after = follow(peer.begun === 0 ? peer : { ...peer, begun: 0 }, id)
  if (after !== peer) await changePeer(context, tx, device, peer, after, now)
  return { moved: after.current !== peer.current, sends: after.current === id }
}
