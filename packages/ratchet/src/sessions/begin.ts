/** Sessions begun here (spec/session.md, "Which session sends" and "Rates"). */
import type { StoreReader } from '@hyphae/core'
import { initiateSession } from '../initiate.js'
import type { PrekeyBundle } from '../prekey-bundle.js'
import type { SessionState } from '../session.js'
import { isOpen, isUnacknowledged, isUnanswered } from './choice.js'
import { checkDevice, type SessionsContext, timeOf } from './context.js'
import { addSession } from './device-sessions.js'
import { SessionsError } from './errors.js'
import { checkPin } from './identity.js'
import type { MetaRow } from './meta-row.js'
import { newPeer, type PeerRow, readPeer } from './peer-row.js'
import { countBegun, renewalWait } from './rates.js'
import { idOf } from './session-book.js'
import { newRow, type SessionRow } from './session-row.js'
import type { SessionTransaction } from './transaction.js'

/** Why a new session is wanted. */
export type NeedReason =
  /** There is none. */
  | 'none'
  /** Those there are only receive: the store was restored, or another identity approved. */
  | 'closed'
  /** Begun here and not answered for 30 days; it sends no more. */
  | 'unacknowledged'
  /** Two sends in a row were not answered for an hour. The session still sends. */
  | 'unanswered'

export type Need =
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'session'
      readonly reason: NeedReason
      /** Whether `encrypt` works meanwhile. */
      readonly canSend: boolean
      /** Milliseconds: `begin` refuses before. */
      readonly notBefore: number
    }

export interface BeginInput {
  /** The caller's name for the device. */
  readonly device: string
  readonly bundle: PrekeyBundle
  /** Application data that the handshake carries in clear and authenticates. */
  readonly context?: Uint8Array
}

export interface Begun {
  /** Hexadecimal. */
  readonly sessionId: string
  readonly session: SessionState
  /** Send it to the device before, or together with, what is encrypted. */
  readonly handshake: Uint8Array
  /** False: until the peer answers, forward secrecy rests on its signed prekey alone. */
  readonly oneTime: boolean
  /** Sessions that were dropped: their mailboxes need not be read any more. */
  readonly dropped: readonly SessionState[]
}

export interface Sender {
  readonly peer: PeerRow
  readonly row: SessionRow
}

/** The session that sends, or why none does. */
export async function senderOf(
  context: SessionsContext,
  reader: StoreReader,
  meta: Pick<MetaRow, 'floor'>,
  device: string,
): Promise<Sender | 'none' | 'closed'> {
  const peer = await readPeer(reader, context.tables, device)
  if (peer === undefined) return 'none'
  const row = peer.current === null ? undefined : await context.book.get(reader, device, peer.current)
  return row !== undefined && isOpen(row, peer, meta.floor) ? { peer, row } : 'closed'
}

export async function needOf(
  context: SessionsContext,
  reader: StoreReader,
  meta: Pick<MetaRow, 'floor'>,
  device: string,
): Promise<Need> {
  checkDevice(device)
  const now = timeOf(context)
  const sender = await senderOf(context, reader, meta, device)
  if (typeof sender === 'string') return { kind: 'session', reason: sender, canSend: false, notBefore: now }
  const { peer, row } = sender
  const notBefore = now + renewalWait(peer, now)
  if (isUnacknowledged(row, now)) {
    return { kind: 'session', reason: 'unacknowledged', canSend: false, notBefore }
  }
  if (isUnanswered(row, now)) return { kind: 'session', reason: 'unanswered', canSend: true, notBefore }
  return { kind: 'nothing' }
}

export async function begin(
  context: SessionsContext,
  tx: SessionTransaction,
  input: BeginInput,
): Promise<Begun> {
  const { crypto, gate, keys } = context
  const { device } = input
  checkDevice(device)
  const bundle = withOwnIdentity(input.bundle)
  const meta = await gate.check(tx)
  const now = timeOf(context)
  const peer = await readPeer(tx, context.tables, device)
  checkPin(peer, bundle.identity)
  if (context.requireOneTime.begin === true && bundle.oneTimePrekey === null) {
    throw new SessionsError('ratchet/one-time-required')
  }
  const wait =
    typeof (await senderOf(context, tx, meta, device)) === 'string' || !peer ? 0 : renewalWait(peer, now)
  if (wait > 0) throw new SessionsError('ratchet/too-soon', { details: { wait }, retryAfterMs: wait })
  const begun = initiateSession(crypto, {
    keys,
    bundle,
    now,
    allowClassic: context.allowClassic,
    ...context.pq,
    ...(input.context && { context: input.context }),
  })
  const born = gate.touch(tx)
  const { session, handshake, usedOneTime } = begun
  const row = newRow(session, born)
  const sessionId = idOf(row)
  const known = peer ?? newPeer(session.peer)
  const after = { ...countBegun(known, now), current: sessionId, elsewhere: 0 }
  const dropped = await addSession(context, tx, device, row, { before: peer, after }, now)
  return { sessionId, session, handshake, oneTime: usedOneTime, dropped }
}

/** Before any wait: the identity that is compared with the pin is the one that the session is made with. */
function withOwnIdentity(bundle: PrekeyBundle): PrekeyBundle {
  const { signing, agreement, agreementSignature } = bundle.identity
  const identity = {
    signing: Uint8Array.from(signing),
    agreement: Uint8Array.from(agreement),
    agreementSignature,
  }
  return { ...bundle, identity }
}
