/**
 * Handshakes: sessions begun with another device's bundle, and accepted from frames in the intro box.
 *
 * spec/messenger.md section 2. When a session is wanted, and which one sends, is for `@hyphae/ratchet/sessions` to
 * say. Bundles are fetched before the transaction that uses them.
 */
import {
  type AccountId,
  type DeviceId,
  equalBytes,
  type IoOptions,
  isHyphaeError,
  type MessageId,
  type StoreReader,
} from '@hyphae/core'
import {
  accountId,
  type DeviceCertificate,
  decodeDeviceCertificate,
  openStockItem,
  verifyDeviceCertificate,
} from '@hyphae/identity'
import { decodePrekeyBundle, type PrekeyBundle, type SessionState, verifyPrekeyBundle } from '@hyphae/ratchet'
import { type Need, SessionsError } from '@hyphae/ratchet/sessions'
import { encodeRecords, openHandshakeFrame, readRecords, sealHandshakeFrame } from '@hyphae/tlv'
import { adoptDevice, bundlesInRecord, type Contact, deviceOf } from './contacts.js'
import { directoryOf, type NodeContext, type Work } from './context.js'
import { MessengerError } from './errors.js'
import { STRICT_SILENCE_MS } from './limits.js'
import { codeOf, enqueue } from './outbox.js'
import { meetsByBuckets } from './privacy.js'
import { beginTurns, endTurns } from './turns.js'

/** Kind of the directory's stock that holds prekey bundles. */
export const PREKEY_STOCK = 1

const HANDSHAKE_CERTIFICATE = 1
const HANDSHAKE_MESSAGE = 2

/** Verified bundles for the devices of a contact that a session shall be begun with. */
export type PreparedSessions = ReadonlyMap<DeviceId, PrekeyBundle>

/**
 * Fetches what sending to a contact needs. A session that still sends is not waited for: where it should be replaced
 * and no bundle can be had, it sends on.
 * @throws MessengerError `messenger/no-prekeys`; SessionsError `ratchet/too-soon`, `ratchet/one-time-required`;
 * RatchetError as `verifyPrekeyBundle`
 */
export async function prepareSessions(
  context: NodeContext,
  contact: Contact,
  options?: IoOptions,
): Promise<PreparedSessions> {
  const prepared = new Map<DeviceId, PrekeyBundle>()
  for (const device of contact.devices) {
    const id = deviceOf(device)
    if (!(await isWanted(context, context.store, id))) continue
    const need = await context.sessions.need(context.store, id)
    try {
      prepared.set(id, await takeBundle(context, device, options))
    } catch (error) {
      if (need.kind !== 'session' || !need.canSend || options?.signal?.aborted) throw error
      context.logger.warn('handshake: a silent session could not be replaced', { code: codeOf(error) })
    }
  }
  return prepared
}

/** Whether a session that still sends is kept for now. */
async function mayWait(
  context: NodeContext,
  reader: StoreReader,
  device: DeviceId,
  { canSend, notBefore }: Extract<Need, { kind: 'session' }>,
): Promise<boolean> {
  if (!canSend) return false
  const now = context.clock.now()
  if (notBefore > now) return true
  if (context.mode !== 'strict') return false
  // In slots an answer takes its time, and whoever begins anew asks the directory for a bundle.
  const sending = (await context.sessions.list(reader, device)).find(({ sends }) => sends)
  const since = Math.max(sending?.heardAt ?? 0, sending?.session.createdAt ?? 0)
  return Math.abs(now - since) < STRICT_SILENCE_MS
}

/** A strict node claims none by name, which would show whose it is: it uses that in the record. */
async function takeBundle(
  context: NodeContext,
  device: DeviceCertificate,
  options?: IoOptions,
): Promise<PrekeyBundle> {
  if (meetsByBuckets(context)) return bundleInRecord(context, device, options)
  const stock = await directoryOf(context).take(device.directory, PREKEY_STOCK, options)
  const bytes = stock && openStockItem(context.crypto, device.account, device.directory, stock.item)
  if (bytes === undefined || bytes === null) throw new MessengerError('messenger/no-prekeys')
  const bundle = verifyPrekeyBundle(context.crypto, decodePrekeyBundle(bytes), device.signing)
  if (bundle.oneTimePrekey === null && context.requireOneTimePrekeys)
    throw new SessionsError('ratchet/one-time-required')
  return bundle
}

async function bundleInRecord(
  context: NodeContext,
  device: DeviceCertificate,
  options?: IoOptions,
): Promise<PrekeyBundle> {
  for (const bytes of await bundlesInRecord(context, accountId(device.account), options)) {
    const bundle = decodePrekeyBundle(bytes)
    if (equalBytes(bundle.identity.signing, device.signing))
      return verifyPrekeyBundle(context.crypto, bundle, device.signing)
  }
  throw new MessengerError('messenger/no-prekeys', { details: { in: 'record' } })
}

/** Whether a new session is wanted, or what was prepared for one still is: another send may have begun it meanwhile. */
export async function isWanted(
  context: NodeContext,
  reader: StoreReader,
  device: DeviceId,
): Promise<boolean> {
  const need = await context.sessions.need(reader, device)
  return need.kind === 'session' && !(await mayWait(context, reader, device, need))
}

/** Begins a session and queues its handshake: one frame. */
export async function startSession(
  context: NodeContext,
  tx: Work,
  device: DeviceCertificate,
  bundle: PrekeyBundle,
  message?: MessageId,
): Promise<number> {
  const { crypto, self, sessions } = context
  const begun = await sessions.begin(tx, { device: deviceOf(device), bundle })
  const payload = encodeRecords([
    { type: HANDSHAKE_CERTIFICATE, value: self.certificateBytes },
    { type: HANDSHAKE_MESSAGE, value: begun.handshake },
  ])
  await watchSession(context, tx, device, { ...begun, by: 'self' })
  const frame = sealHandshakeFrame(crypto, { introKey: device.intro, payload })
  await enqueue(context, tx, device.introBox, frame, { message, session: begun.sessionId })
  return 1
}

export interface AcceptedHandshake {
  readonly account: AccountId
  readonly device: DeviceId
  /** Id of the session, hexadecimal. */
  readonly session: string
  /** It sends from now on: what was sealed in the one before may be lost. */
  readonly sends: boolean
  /** No session with this device was known. */
  readonly firstContact: boolean
}

/**
 * Accepts a handshake frame from the intro box; null when it is not one for this device or was seen before.
 * Nothing is kept unless certificate, bundle and handshake all verify.
 */
export async function acceptHandshake(
  context: NodeContext,
  tx: Work,
  frame: Uint8Array,
): Promise<AcceptedHandshake | null> {
  const payload = openHandshakeFrame(context.crypto, { introKey: context.self.device.intro, frame })
  if (payload === null) return null
  const { certificate, handshake } = readHandshake(context, payload)
  const device = deviceOf(certificate)
  const { signing, agreement } = certificate
  try {
    const accepted = await context.sessions.accept(tx, { device, peer: { signing, agreement }, handshake })
    await adoptDevice(context, tx, certificate)
    await watchSession(context, tx, certificate, { ...accepted, by: 'peer' })
    tx.after(() => context.signals.upkeep.fire())
    const { sessionId: session, sends, firstContact } = accepted
    return { account: accountId(certificate.account), device, session, sends, firstContact }
  } catch (error) {
    // Carriers repeat: the same handshake again is nothing to report.
    if (isHyphaeError(error, 'ratchet/replayed') || isHyphaeError(error, 'ratchet/prekey-used')) return null
    throw error
  }
}

interface NewSession {
  readonly session: SessionState
  readonly oneTime: boolean
  readonly dropped: readonly SessionState[]
  readonly by: 'self' | 'peer'
}

/** From now on the boxes of the new session are read, and those of dropped ones are not. */
async function watchSession(
  context: NodeContext,
  tx: Work,
  certificate: DeviceCertificate,
  { session, oneTime, dropped, by }: NewSession,
): Promise<void> {
  const account = accountId(certificate.account)
  const device = deviceOf(certificate)
  beginTurns(context, tx, certificate, session)
  await endTurns(context, tx, dropped)
  tx.after(() => context.emit({ type: 'session', account, device, by, oneTimePrekey: oneTime }))
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
