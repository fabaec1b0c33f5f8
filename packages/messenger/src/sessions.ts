/**
 * Sessions with other devices: started from their bundles, accepted from handshakes, used to seal and open.
 *
 * Every function works inside the caller's transaction; network calls happen before it (`prepareSessions`).
 */
import { type AccountId, type DeviceId, type IoOptions, type MessageId, toHex } from '@hyphae/core'
import {
  accountId,
  type DeviceCertificate,
  decodeDeviceCertificate,
  encodeDeviceCertificate,
  openStockItem,
  verifyDeviceCertificate,
} from '@hyphae/identity'
import {
  acceptSession,
  decodePrekeyBundle,
  decodePrekeyState,
  decodeSession,
  decryptFrame,
  encodePrekeyState,
  encodeSession,
  encryptFrame,
  initiateSession,
  type PrekeyBundle,
  type SessionState,
  verifyPrekeyBundle,
} from '@hyphae/ratchet'
import {
  encodeRecords,
  openHandshakeFrame,
  readRecords,
  sealHandshakeFrame,
  smallestFrame,
} from '@hyphae/tlv'
import { splitContent } from './body.js'
import { boxOfSeed, ownBoxSeed, peerBox } from './boxes.js'
import { adoptDevice, type Contact, deviceOf } from './contacts.js'
import { directoryOf, type NodeContext, type Work } from './context.js'
import { MessengerError } from './errors.js'
import { MAX_SESSIONS_PER_DEVICE } from './limits.js'
import { enqueue } from './outbox.js'
import {
  boxesTable,
  devicesTable,
  prekeysTable,
  replaysTable,
  type SessionRow,
  sessionsTable,
} from './rows.js'

/** Kind of the directory's stock that holds prekey bundles. */
export const PREKEY_STOCK = 1

const HANDSHAKE_CERTIFICATE = 1
const HANDSHAKE_MESSAGE = 2
const EMPTY = new Uint8Array()

/** Verified bundles for the devices of a contact that have no session yet. */
export type PreparedSessions = ReadonlyMap<DeviceId, PrekeyBundle>

export async function prepareSessions(
  context: NodeContext,
  contact: Contact,
  options?: IoOptions,
): Promise<PreparedSessions> {
  const prepared = new Map<DeviceId, PrekeyBundle>()
  for (const device of contact.devices) {
    if ((await devicesTable.get(context.store, deviceOf(device))) !== undefined) continue
    prepared.set(deviceOf(device), await takeBundle(context, device, options))
  }
  return prepared
}

async function takeBundle(
  context: NodeContext,
  device: DeviceCertificate,
  options?: IoOptions,
): Promise<PrekeyBundle> {
  const stock = await directoryOf(context).take(device.directory, PREKEY_STOCK, options)
  const bytes = stock && openStockItem(context.crypto, device.account, device.directory, stock.item)
  if (bytes === undefined || bytes === null) throw new MessengerError('messenger/no-prekeys')
  return verifyPrekeyBundle(context.crypto, decodePrekeyBundle(bytes), device.signing)
}

/** Seals one content to every device of a contact and queues the frames; returns how many frames that are. */
export async function sendToContact(
  context: NodeContext,
  tx: Work,
  contact: Contact,
  prepared: PreparedSessions,
  content: Uint8Array,
  message?: MessageId,
): Promise<number> {
  let frames = 0
  for (const device of contact.devices) {
    const known = await devicesTable.get(tx, deviceOf(device))
    if (known === undefined) {
      const bundle = prepared.get(deviceOf(device))
      if (bundle === undefined) throw new MessengerError('messenger/no-prekeys')
      frames += await startSession(context, tx, device, bundle, message)
    }
    frames += await sendToDevice(context, tx, deviceOf(device), content, message)
  }
  return frames
}

/** Starts a session and queues its handshake: one frame. */
async function startSession(
  context: NodeContext,
  tx: Work,
  device: DeviceCertificate,
  bundle: PrekeyBundle,
  message?: MessageId,
): Promise<number> {
  const { crypto, self, clock } = context
  const { session, handshake } = initiateSession(crypto, {
    keys: self.device,
    bundle,
    now: clock.now(),
    context: EMPTY,
  })
  const payload = encodeRecords([
    { type: HANDSHAKE_CERTIFICATE, value: self.certificateBytes },
    { type: HANDSHAKE_MESSAGE, value: handshake },
  ])
  await keepSession(context, tx, device, session, { current: true })
  await enqueue(
    context,
    tx,
    device.introBox,
    sealHandshakeFrame(crypto, { introKey: device.intro, payload }),
    message,
  )
  return 1
}

/** Seals one content in the current session with a device and queues its frames; returns how many. */
export async function sendToDevice(
  context: NodeContext,
  tx: Work,
  device: DeviceId,
  content: Uint8Array,
  message?: MessageId,
): Promise<number> {
  const { crypto } = context
  const peer = await devicesTable.get(tx, device)
  const row = peer && (await sessionsTable.get(tx, device, peer.current))
  if (peer === undefined || row === undefined) throw new MessengerError('messenger/no-prekeys')
  let session = decodeSession(crypto, row.state)
  const bodies = splitContent(content, fragmentId(context))
  for (const body of bodies) {
    const size = context.mode === 'thin' ? (smallestFrame(body.length) ?? 2048) : 2048
    const sealed = encryptFrame(crypto, session, { body, size })
    session = sealed.session
    await enqueue(context, tx, peerBox(crypto, session), sealed.frame, message)
  }
  sessionsTable.put(tx, { ...row, state: encodeSession(session) }, device, peer.current)
  return bodies.length
}

export function fragmentId(context: NodeContext): number {
  const bytes = context.crypto.randomBytes(4)
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
}

/** Opens a frame of a session box; null when it is not for that session: noise, or a replay. */
export async function receiveInSession(
  context: NodeContext,
  tx: Work,
  device: DeviceId,
  sessionId: string,
  frame: Uint8Array,
): Promise<{ readonly account: AccountId; readonly body: Uint8Array } | null> {
  const row = await sessionsTable.get(tx, device, sessionId)
  const peer = await devicesTable.get(tx, device)
  if (row === undefined || peer === undefined) return null
  const opened = decryptFrame(context.crypto, decodeSession(context.crypto, row.state), frame)
  if (opened === null) return null
  sessionsTable.put(tx, { ...row, state: encodeSession(opened.session), confirmed: true }, device, sessionId)
  if (!row.confirmed) await preferConfirmed(tx, device, sessionId)
  return { account: peer.account as AccountId, body: opened.body }
}

/**
 * The first message in a session proves that the peer has it. Both sides then send in the confirmed session with
 * the smallest id, so that crossing initiations end in one; a session newer than all confirmed ones replaces them
 * when it was accepted from a handshake (`acceptHandshake`).
 */
async function preferConfirmed(tx: Work, device: DeviceId, sessionId: string): Promise<void> {
  const peer = await devicesTable.get(tx, device)
  if (peer === undefined || peer.current === sessionId) return
  const current = await sessionsTable.get(tx, device, peer.current)
  if (current?.confirmed && peer.current < sessionId) return
  if (current !== undefined && !current.confirmed && peer.current < sessionId) return
  devicesTable.put(tx, { ...peer, current: sessionId }, device)
}

/**
 * Accepts a handshake frame from the intro box; null when it is not one for this device or was seen before.
 * Nothing is kept unless certificate, bundle and handshake all verify.
 */
export async function acceptHandshake(
  context: NodeContext,
  tx: Work,
  frame: Uint8Array,
): Promise<DeviceId | null> {
  const { crypto, self, clock } = context
  const payload = openHandshakeFrame(crypto, { introKey: self.device.intro, frame })
  if (payload === null) return null
  const { certificate, handshake } = readHandshake(context, payload)
  const prekeysRow = await prekeysTable.get(tx)
  if (prekeysRow === undefined)
    throw new MessengerError('messenger/bad-row', { details: { table: 'prekeys' } })
  const accepted = acceptSession(crypto, {
    keys: self.device,
    prekeys: decodePrekeyState(crypto, prekeysRow.state),
    handshake,
    peer: { signing: certificate.signing, agreement: certificate.agreement },
    now: clock.now(),
  })
  if ((await replaysTable.get(tx, accepted.initialKey)) !== undefined) return null
  replaysTable.put(tx, true, accepted.initialKey)
  prekeysTable.put(tx, { ...prekeysRow, state: encodePrekeyState(crypto, accepted.prekeys) })
  await adoptDevice(context, tx, certificate)
  await keepSession(context, tx, certificate, accepted.session, {
    current: await answersBest(tx, certificate, accepted.session),
  })
  tx.after(() => context.signals.upkeep.fire())
  return deviceOf(certificate)
}

function readHandshake(
  context: NodeContext,
  payload: Uint8Array,
): { certificate: DeviceCertificate; handshake: Uint8Array } {
  const [certificate, handshake] = readRecords(payload)
  if (certificate?.type !== HANDSHAKE_CERTIFICATE || handshake?.type !== HANDSHAKE_MESSAGE) {
    throw new MessengerError('messenger/bad-body', { details: { in: 'handshake' } })
  }
  return {
    certificate: verifyDeviceCertificate(context.crypto, decodeDeviceCertificate(certificate.value)),
    handshake: handshake.value,
  }
}

/**
 * Whether an accepted session becomes the one that sends. With an unconfirmed session of our own under way, two
 * initiations cross: the smaller id wins on both sides. Otherwise the peer has lost its state: the new one it is.
 */
async function answersBest(
  tx: Work,
  certificate: DeviceCertificate,
  session: SessionState,
): Promise<boolean> {
  const peer = await devicesTable.get(tx, deviceOf(certificate))
  const current = peer && (await sessionsTable.get(tx, deviceOf(certificate), peer.current))
  if (peer === undefined || current === undefined || current.confirmed) return true
  return toHex(session.id) < peer.current
}

async function keepSession(
  context: NodeContext,
  tx: Work,
  certificate: DeviceCertificate,
  session: SessionState,
  options: { readonly current: boolean },
): Promise<void> {
  const device = deviceOf(certificate)
  const id = toHex(session.id)
  const row: SessionRow = { state: encodeSession(session), createdAt: context.clock.now(), confirmed: false }
  sessionsTable.put(tx, row, device, id)
  const peer = await devicesTable.get(tx, device)
  devicesTable.put(
    tx,
    {
      account: accountId(certificate.account),
      certificate: encodeDeviceCertificate(certificate),
      current: options.current || peer === undefined ? id : peer.current,
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
    boxesTable.delete(
      tx,
      boxOfSeed(context.crypto, ownBoxSeed(context.crypto, decodeSession(context.crypto, row.state))),
    )
  }
}
