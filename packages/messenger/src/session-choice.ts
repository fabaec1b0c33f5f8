/**
 * Which sessions with a device are kept, and which of them sends (spec/messenger.md section 2).
 *
 * Both sides must come to the same answer without asking each other.
 */
import { type DeviceId, toHex } from '@hyphae/core'
import { accountId, type DeviceCertificate, encodeDeviceCertificate } from '@hyphae/identity'
import { decodeSession, type SessionState } from '@hyphae/ratchet'
import { postQuantum } from '@hyphae/ratchet/pq'
import { boxOfSeed, ownBoxSeed } from './boxes.js'
import { deviceOf } from './contacts.js'
import type { NodeContext, Work } from './context.js'
import { MAX_SESSIONS_PER_DEVICE, MESSAGES_TO_FOLLOW } from './limits.js'
import { boxesTable, devicesTable, type SessionRow, sessionsTable } from './rows.js'

/**
 * Where a message was opened tells what the peer has. One that came in another session than the one that sends moves
 * the sending there: at once if its id is the smaller, so that crossing initiations end in one on both sides; at the
 * second in a row otherwise, so that a session the peer never got is left. Returns the one that sends now.
 */
export async function followPeer(tx: Work, device: DeviceId, sessionId: string): Promise<string | undefined> {
  const peer = await devicesTable.get(tx, device)
  if (peer === undefined) return undefined
  if (peer.current === sessionId) {
    if (peer.elsewhere > 0) devicesTable.put(tx, { ...peer, elsewhere: 0 }, device)
    return sessionId
  }
  const elsewhere = peer.elsewhere + 1
  const moves = sessionId < peer.current || elsewhere >= MESSAGES_TO_FOLLOW
  devicesTable.put(tx, moves ? { ...peer, current: sessionId, elsewhere: 0 } : { ...peer, elsewhere }, device)
  return moves ? sessionId : peer.current
}

/**
 * Whether an accepted session becomes the one that sends. With an unconfirmed session of our own under way, two
 * initiations cross: the smaller id wins on both sides. Otherwise the peer has lost its state: the new one it is.
 */
export async function answersBest(
  tx: Work,
  certificate: DeviceCertificate,
  session: SessionState,
): Promise<boolean> {
  const peer = await devicesTable.get(tx, deviceOf(certificate))
  const current = peer && (await sessionsTable.get(tx, deviceOf(certificate), peer.current))
  if (peer === undefined || current === undefined || current.confirmed) return true
  return toHex(session.id) < peer.current
}

/** Stores a new session, watches its box, and makes it the sending one if `current` says so or it is the first. */
export async function keepSession(
  context: NodeContext,
  tx: Work,
  certificate: DeviceCertificate,
  session: SessionState,
  options: { readonly current: boolean },
): Promise<void> {
  const device = deviceOf(certificate)
  const id = toHex(session.id)
  const row: SessionRow = {
    state: context.sessions.encode(session),
    createdAt: context.clock.now(),
    confirmed: false,
  }
  sessionsTable.put(tx, row, device, id)
  const peer = await devicesTable.get(tx, device)
  devicesTable.put(
    tx,
    {
      account: accountId(certificate.account),
      certificate: encodeDeviceCertificate(certificate),
      current: options.current || peer === undefined ? id : peer.current,
      elsewhere: 0,
    },
    device,
  )
  const seed = ownBoxSeed(context.crypto, session)
  boxesTable.put(tx, { kind: 'session', seed, device, session: id }, boxOfSeed(context.crypto, seed))
  await dropOldSessions(context, tx, device, id)
  tx.after(() => context.signals.boxes.fire())
}

/** Keeps the newest sessions of a device; the box of a dropped one is read no longer. */
async function dropOldSessions(
  context: NodeContext,
  tx: Work,
  device: DeviceId,
  keep: string,
): Promise<void> {
  const rows = await sessionsTable.list(tx, [device])
  const peer = await devicesTable.get(tx, device)
  const spare = rows
    .filter(({ parts }) => parts[1] !== keep && parts[1] !== peer?.current)
    .sort((a, b) => b.row.createdAt - a.row.createdAt)
    .slice(MAX_SESSIONS_PER_DEVICE - 2)
  for (const { parts, row } of spare) {
    sessionsTable.delete(tx, ...parts)
    const session = decodeSession(context.crypto, row.state, { pq: postQuantum })
    boxesTable.delete(tx, boxOfSeed(context.crypto, ownBoxSeed(context.crypto, session)))
  }
}
