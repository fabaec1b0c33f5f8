/** Sessions begun by others (spec/session.md, "Which session sends", "Replays" and "Rates"). */
import { toHex } from '@hyphae/core'
import { acceptSession } from '../accept.js'
import type { PeerKeys } from '../device-keys.js'
import { decodeHandshake } from '../initial-message.js'
import type { SessionState } from '../session.js'
import { isOpen, isUnacknowledged, winsOver } from './choice.js'
import { checkDevice, type SessionsContext, timeOf } from './context.js'
import { addSession } from './device-sessions.js'
import { SessionsError } from './errors.js'
import { checkPin } from './identity.js'
import type { MetaRow } from './meta-row.js'
import { newPeer, type PeerRow, readPeer } from './peer-row.js'
import { prekeysFor } from './prekeys.js'
import { acceptWait, countAccepted } from './rates.js'
import { idOf } from './session-book.js'
import { newRow, type SessionRow } from './session-row.js'
import type { SessionTransaction } from './transaction.js'

export interface AcceptInput {
  /** The caller's name for the device. */
  readonly device: string
  /** From the device's verified certificate. */
  readonly peer: PeerKeys
  readonly handshake: Uint8Array
}

export interface Accepted {
  /** Hexadecimal. */
  readonly sessionId: string
  readonly session: SessionState
  /** False: the handshake used no one-time prekey. */
  readonly oneTime: boolean
  /** The initiator's application data. */
  readonly context: Uint8Array
  /** Whether this session sends from now on. */
  readonly sends: boolean
  /** Whether the device was not known before; its keys are pinned now. */
  readonly firstContact: boolean
  /** Sessions that were dropped: their mailboxes need not be read any more. */
  readonly dropped: readonly SessionState[]
}

/** Nothing is written unless every check has passed. */
export async function accept(
  context: SessionsContext,
  tx: SessionTransaction,
  input: AcceptInput,
): Promise<Accepted> {
  const { crypto, gate, keys, tables } = context
  const { device } = input
  // Read twice, with waits between: what is checked for a replay must be what is accepted.
  const handshake = Uint8Array.from(input.handshake)
  const claimed = {
    signing: Uint8Array.from(input.peer.signing),
    agreement: Uint8Array.from(input.peer.agreement),
  }
  checkDevice(device)
  const meta = await gate.check(tx)
  const now = timeOf(context)
  const peer = await readPeer(tx, tables, device)
  checkRate(peer, now)
  const { message } = decodeHandshake(handshake)
  const { signedPrekeyId, oneTimePrekeyId } = message
  const seen = oneTimePrekeyId === 0 ? tables.seen(signedPrekeyId, message.baseKey) : null
  if (seen !== null) await checkSeen(context, tx, seen)
  const prekeys = await prekeysFor(context, tx, oneTimePrekeyId)
  const accepted = acceptSession(crypto, { keys, prekeys, handshake, peer: claimed, now })
  checkPin(peer, claimed)
  await checkNew(context, tx, device, accepted.session)
  const born = gate.touch(tx)
  if (seen === null) tx.delete(tables.oneTime(oneTimePrekeyId))
  else tx.put(seen, SEEN)
  const { session } = accepted
  const row = newRow(session, born)
  const known = peer ?? newPeer(session.peer)
  const sends = await replaces(context, tx, meta, device, { peer: known, row, now })
  const current = sends ? { current: idOf(row), elsewhere: 0 } : {}
  const after = { ...countAccepted(known, now), ...current }
  const dropped = await addSession(context, tx, device, row, { before: peer, after }, now)
  return {
    sessionId: idOf(row),
    session,
    oneTime: accepted.usedOneTime,
    context: accepted.context,
    sends,
    firstContact: peer === undefined,
    dropped,
  }
}

const SEEN: Uint8Array = Uint8Array.of(1)

function checkRate(peer: PeerRow | undefined, now: number): void {
  const wait = peer === undefined ? 0 : acceptWait(peer, now)
  if (wait > 0) {
    throw new SessionsError('ratchet/too-many-handshakes', { details: { wait }, retryAfterMs: wait })
  }
}

/** A handshake without a one-time prekey would be accepted again: its base key is remembered as long as its prekey. */
async function checkSeen(
  context: SessionsContext,
  tx: SessionTransaction,
  seen: ReturnType<SessionsContext['tables']['seen']>,
): Promise<void> {
  if (context.requireOneTime.accept === true) throw new SessionsError('ratchet/one-time-required')
  if ((await tx.get(seen)) !== undefined) throw new SessionsError('ratchet/replayed')
}

/** The prekeys say so already; a state that moved must not be replaced by its beginning, whatever they say. */
async function checkNew(
  context: SessionsContext,
  tx: SessionTransaction,
  device: string,
  session: SessionState,
): Promise<void> {
  const known = await context.book.get(tx, device, toHex(session.id))
  if (known !== undefined) throw new SessionsError('ratchet/replayed')
}

async function replaces(
  context: SessionsContext,
  tx: SessionTransaction,
  meta: MetaRow,
  device: string,
  { peer, row, now }: { readonly peer: PeerRow; readonly row: SessionRow; readonly now: number },
): Promise<boolean> {
  const current = peer.current === null ? undefined : await context.book.get(tx, device, peer.current)
  const sends = current !== undefined && isOpen(current, peer, meta.floor) && !isUnacknowledged(current, now)
  return winsOver(sends ? current : null, peer.current, idOf(row))
}
