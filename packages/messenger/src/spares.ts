/**
 * KeyPackages that a strict node holds of its contacts' devices, one of each, so that it adds them to groups without
 * asking a directory for one by name (spec/messenger.md section 5). Asked for and given within sessions.
 *
 * With each new session a new one is asked for: the peer may have lost the private parts of those it gave.
 */
import { encodeMessage } from '@hyphae/content'
import { type DeviceId, isHyphaeError, toHex } from '@hyphae/core'
import { type Contact, deviceOf } from './contacts.js'
import { type NodeContext, transact, type Work } from './context.js'
import { type KeyPackageBody, keyPackageContent } from './control.js'
import { isKeyPackageOf, makeKeyPackage } from './credential.js'
import { ASK_AGAIN_MS, MAX_GIVEN_KEY_PACKAGES, SPARE_FRESH_MS, SPARE_RENEW_MS } from './limits.js'
import { newMessage } from './message.js'
import { givenTable, keyPackagesTable, type SpareRow, sparesTable } from './rows.js'
import { sendToDevice } from './sessions.js'

const NONE = new Uint8Array()

/** Whether this node adds others to groups with what they gave it. */
export function keepsSpares({ mode }: Pick<NodeContext, 'mode'>): boolean {
  return mode === 'strict'
}

/** The spare of a device, fresh enough to be used. */
export async function spareOf(
  { store, clock }: NodeContext,
  device: DeviceId,
): Promise<Uint8Array | undefined> {
  const row = await sparesTable.get(store, device)
  if (row === undefined || row.keyPackage.length === 0) return undefined
  return Math.abs(clock.now() - row.receivedAt) < SPARE_FRESH_MS ? row.keyPackage : undefined
}

/** There is a new session with the device: what it gave before may be of no use. */
export async function askAnew(context: NodeContext, tx: Work, device: DeviceId): Promise<void> {
  if (!keepsSpares(context)) return
  sparesTable.delete(tx, device)
  await askForSpare(context, tx, device)
}

/** Asks the device for one, unless it was asked lately. */
export async function askForSpare(context: NodeContext, tx: Work, device: DeviceId): Promise<void> {
  const row = await sparesTable.get(tx, device)
  const now = Math.max(1, context.clock.now())
  if (row !== undefined && Math.abs(now - row.askedAt) < ASK_AGAIN_MS) return
  const asked: SpareRow = { keyPackage: NONE, receivedAt: 0, ...row, askedAt: now }
  sparesTable.put(tx, asked, device)
  await tell(context, tx, device, { keyPackage: NONE, wanted: true })
}

/** Asks for others instead of those that will soon be of no use. */
export async function renewSpares(context: NodeContext): Promise<void> {
  if (!keepsSpares(context)) return
  const now = context.clock.now()
  for (const { parts, row } of await sparesTable.list(context.store, []))
    if (row.keyPackage.length > 0 && Math.abs(now - row.receivedAt) >= SPARE_RENEW_MS)
      await transact(context, (tx) => askForSpare(context, tx, parts[0] as DeviceId))
}

/** Those of a contact's devices were used: others are asked for. */
export async function replaceSpares(context: NodeContext, tx: Work, { devices }: Contact): Promise<void> {
  for (const certificate of devices) await askAnew(context, tx, deviceOf(certificate))
}

/** Keeps what a device has given, and gives it what it wants. */
export async function receiveKeyPackage(
  context: NodeContext,
  tx: Work,
  device: DeviceId,
  { keyPackage, wanted }: KeyPackageBody,
): Promise<void> {
  if (keepsSpares(context) && isKeyPackageOf(context, keyPackage, device)) {
    const now = context.clock.now()
    sparesTable.put(tx, { keyPackage, receivedAt: now, askedAt: 0 }, device)
  }
  if (!wanted) return
  const row = await makeKeyPackage(context, false)
  const hash = toHex(context.crypto.sha256(row.keyPackage))
  keyPackagesTable.put(tx, row, hash)
  const given = [...((await givenTable.get(tx, device)) ?? []), hash]
  for (const old of given.splice(0, given.length - MAX_GIVEN_KEY_PACKAGES)) keyPackagesTable.delete(tx, old)
  givenTable.put(tx, given, device)
  await tell(context, tx, device, { keyPackage: row.keyPackage, wanted: false })
}

/** In the session that sends; where there is none, one that comes asks anew. */
async function tell(context: NodeContext, tx: Work, device: DeviceId, body: KeyPackageBody): Promise<void> {
  const content = encodeMessage(context.registry, newMessage(context, keyPackageContent.type, body, []))
  try {
    await sendToDevice(context, tx, device, content)
  } catch (error) {
    if (!isHyphaeError(error, 'ratchet/no-session')) throw error
  }
}
