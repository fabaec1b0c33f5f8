/**
 * Sessions with other devices, used: contents are sealed in them and frames opened.
 *
 * Every function works inside the caller's transaction; network calls happen before it (`prepareSessions`).
 */
import type { DeviceId, MessageId } from '@hyphae/core'
import type { Opened } from '@hyphae/ratchet/sessions'
import { smallestFrame } from '@hyphae/tlv'
import { splitContent } from './body.js'
import { type Contact, deviceOf } from './contacts.js'
import type { NodeContext, Work } from './context.js'
import { MessengerError } from './errors.js'
import { isWanted, type PreparedSessions, startSession } from './handshake.js'
import { enqueue } from './outbox.js'
import { type SealedFor, undeliveredTable } from './rows.js'
import { boxToWrite, heardFrom } from './turns.js'
import type { Awaited } from './undelivered.js'

const EMPTY = new Uint8Array()

/** Seals one content to every device of a contact and queues the frames; returns how many frames that are. */
export async function sendToContact(
  context: NodeContext,
  tx: Work,
  contact: Contact,
  prepared: PreparedSessions,
  content: Uint8Array,
  message?: Awaited,
): Promise<number> {
  let frames = 0
  const devices: SealedFor[] = []
  for (const certificate of contact.devices) {
    const device = deviceOf(certificate)
    const bundle = prepared.get(device)
    if (bundle !== undefined && (await isWanted(context, tx, device)))
      frames += await startSession(context, tx, certificate, bundle, message?.id)
    const sealed = await sendToDevice(context, tx, device, content, message?.id)
    frames += sealed.frames
    devices.push({ device, session: sealed.session })
  }
  if (message !== undefined) {
    const row = { devices, content: message.logged ? EMPTY : content }
    undeliveredTable.put(tx, row, contact.id, message.number)
  }
  return frames
}

export interface SealedContent {
  readonly frames: number
  /** Id of the session, hexadecimal. */
  readonly session: string
}

/**
 * Seals one content in the session that sends to a device and queues its frames.
 * @throws SessionsError `ratchet/no-session`, with nothing written
 */
export async function sendToDevice(
  context: NodeContext,
  tx: Work,
  device: DeviceId,
  content: Uint8Array,
  message?: MessageId,
): Promise<SealedContent> {
  const bodies = splitContent(content, fragmentId(context), await heardFrom(context, tx, device))
  let session = ''
  for (const body of bodies) {
    const size = context.mode === 'thin' ? (smallestFrame(body.length) ?? 2048) : 2048
    const sealed = await context.sessions.encrypt(tx, device, { body, size })
    session = sealed.sessionId
    const box = await boxToWrite(context, tx, device, session)
    if (box === undefined) throw new MessengerError('messenger/bad-row', { details: { table: 'turn' } })
    await enqueue(context, tx, box, sealed.frame, { message, session })
  }
  return { frames: bodies.length, session }
}

export function fragmentId(context: NodeContext): number {
  const bytes = context.crypto.randomBytes(4)
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
}

/** Opens a frame of a session box; null when it is not for that session: noise, or a replay. */
export function receiveInSession(
  context: NodeContext,
  tx: Work,
  device: DeviceId,
  sessionId: string,
  frame: Uint8Array,
): Promise<Opened | null> {
  return context.sessions.decrypt(tx, { device, sessionId, frame })
}
