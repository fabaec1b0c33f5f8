/**
 * Sessions with other devices, used: contents are sealed in them and frames opened.
 *
 * Every function works inside the caller's transaction; network calls happen before it (`prepareSessions`).
 */
import type { AccountId, DeviceId, MessageId } from '@hyphae/core'
import { decryptFrame, encryptFrame } from '@hyphae/ratchet'
import { smallestFrame } from '@hyphae/tlv'
import { splitContent } from './body.js'
import { peerBox } from './boxes.js'
import { type Contact, deviceOf } from './contacts.js'
import type { NodeContext, Work } from './context.js'
import { MessengerError } from './errors.js'
import { type PreparedSessions, startSession } from './handshake.js'
import { enqueue } from './outbox.js'
import { devicesTable, sessionsTable, undeliveredTable } from './rows.js'
import { followPeer } from './session-choice.js'
import type { LoggedId } from './undelivered.js'

/** Seals one content to every device of a contact and queues the frames; returns how many frames that are. */
export async function sendToContact(
  context: NodeContext,
  tx: Work,
  contact: Contact,
  prepared: PreparedSessions,
  content: Uint8Array,
  message?: LoggedId,
): Promise<number> {
  let frames = 0
  for (const device of contact.devices) {
    const known = await devicesTable.get(tx, deviceOf(device))
    if (known === undefined) {
      const bundle = prepared.get(deviceOf(device))
      if (bundle === undefined) throw new MessengerError('messenger/no-prekeys')
      frames += await startSession(context, tx, device, bundle, message?.id)
    }
    const sealed = await sendToDevice(context, tx, deviceOf(device), content, message?.id)
    frames += sealed.frames
    if (message !== undefined) undeliveredTable.put(tx, sealed.session, deviceOf(device), message.number)
  }
  return frames
}

export interface SealedContent {
  readonly frames: number
  /** Id of the session, hexadecimal. */
  readonly session: string
}

/** Seals one content in the current session with a device and queues its frames. */
export async function sendToDevice(
  context: NodeContext,
  tx: Work,
  device: DeviceId,
  content: Uint8Array,
  message?: MessageId,
): Promise<SealedContent> {
  const { crypto, sessions } = context
  const peer = await devicesTable.get(tx, device)
  const row = peer && (await sessionsTable.get(tx, device, peer.current))
  if (peer === undefined || row === undefined) throw new MessengerError('messenger/no-prekeys')
  let session = sessions.decode(peer.current, row.state)
  const box = peerBox(crypto, session)
  const bodies = splitContent(content, fragmentId(context))
  for (const body of bodies) {
    const size = context.mode === 'thin' ? (smallestFrame(body.length) ?? 2048) : 2048
    const sealed = encryptFrame(crypto, session, { body, size })
    session = sealed.session
    await enqueue(context, tx, box, sealed.frame, message)
  }
  sessionsTable.put(tx, { ...row, state: sessions.encode(session) }, device, peer.current)
  return { frames: bodies.length, session: peer.current }
}

export function fragmentId(context: NodeContext): number {
  const bytes = context.crypto.randomBytes(4)
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
}

export interface OpenedBody {
  readonly account: AccountId
  readonly body: Uint8Array
  /** Both sides send in this session from now on, and did not before. */
  readonly settled: boolean
}

/** Opens a frame of a session box; null when it is not for that session: noise, or a replay. */
export async function receiveInSession(
  context: NodeContext,
  tx: Work,
  device: DeviceId,
  sessionId: string,
  frame: Uint8Array,
): Promise<OpenedBody | null> {
  const row = await sessionsTable.get(tx, device, sessionId)
  const peer = await devicesTable.get(tx, device)
  if (row === undefined || peer === undefined) return null
  const { crypto, clock, sessions } = context
  const session = sessions.decode(sessionId, row.state)
  const opened = decryptFrame(crypto, session, frame, { now: clock.now() })
  if (opened === null) return null
  sessionsTable.put(
    tx,
    { ...row, state: sessions.encode(opened.session), confirmed: true },
    device,
    sessionId,
  )
  const current = await followPeer(tx, device, sessionId)
  const settled = current === sessionId && (peer.current !== sessionId || !row.confirmed)
  return { account: peer.account as AccountId, body: opened.body, settled }
}
