/**
 * Handshakes: sessions started from another device's bundle, and accepted from frames in the intro box.
 *
 * spec/messenger.md section 2. Bundles are fetched before the transaction that uses them.
 */
import type { DeviceId, IoOptions, MessageId } from '@hyphae/core'
import {
  type DeviceCertificate,
  decodeDeviceCertificate,
  openStockItem,
  verifyDeviceCertificate,
} from '@hyphae/identity'
import {
  acceptSession,
  decodePrekeyBundle,
  decodePrekeyState,
  encodePrekeyState,
  initiateSession,
  type PrekeyBundle,
  verifyPrekeyBundle,
} from '@hyphae/ratchet'
import { postQuantum } from '@hyphae/ratchet/pq'
import { encodeRecords, openHandshakeFrame, readRecords, sealHandshakeFrame } from '@hyphae/tlv'
import { adoptDevice, type Contact, deviceOf } from './contacts.js'
import { directoryOf, type NodeContext, type Work } from './context.js'
import { MessengerError } from './errors.js'
import { enqueue } from './outbox.js'
import { devicesTable, prekeysTable, replaysTable } from './rows.js'
import { answersBest, keepSession } from './session-choice.js'

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

/** Starts a session and queues its handshake: one frame. */
export async function startSession(
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
    pq: postQuantum,
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
    prekeys: decodePrekeyState(crypto, prekeysRow.state, { pq: postQuantum }),
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
