/**
 * Receiving: one transaction per delivery, and only then the carrier's acknowledgement.
 *
 * In that transaction the frame's key is used up, its content is logged, receipts are queued and group state moves
 * on. A frame that comes again opens nothing and is acknowledged again. What is refused changes nothing and is
 * acknowledged too, for it will never become good; what failed here (a full disk) is not, and comes again.
 */
import { decodeMessage, type ReceiptBody } from '@hyphae/content'
import {
  type AccountId,
  type BoxId,
  type Delivery,
  type DeviceId,
  type GroupId,
  isFrameSize,
} from '@hyphae/core'
import { addFragment } from './assembly.js'
import { readBody } from './body.js'
import { type NodeContext, transactInput, type Work } from './context.js'
import {
  type GroupWelcomeBody,
  groupBoxContent,
  groupWelcomeContent,
  type KeyPackageBody,
  keyPackageContent,
} from './control.js'
import { joinByWelcome } from './group-join.js'
import { receiveGroupFrame } from './group-receive.js'
import { acceptHandshake } from './handshake.js'
import { STANDARD_FRAME_BYTES } from './limits.js'
import { logMessage, type Place } from './log.js'
import { confirm } from './receipts.js'
import { orRefuse, reportRefusal } from './refuse.js'
import { resendUndelivered } from './resend.js'
import type { BoxRow, SessionBoxRow } from './rows.js'
import { receiveInSession } from './sessions.js'
import { askAnew, askForSpare, keepsSpares, receiveKeyPackage } from './spares.js'
import { countReceipt } from './status.js'
import { hearIn, learnHeard, noteThin } from './turns.js'

/** One delivery. @throws only for faults of this node; the delivery then stays with the carrier */
export async function receive(
  context: NodeContext,
  box: BoxId,
  row: BoxRow,
  delivery: Delivery,
): Promise<void> {
  const refused = isFrameSize(delivery.frame.length)
    ? await transactInput(context, (tx) => receiveFrame(context, tx, box, row, delivery.frame))
    : 'tlv/bad-frame'
  if (refused !== undefined) reportRefusal(context, row.kind, refused)
  await delivery.ack()
}

async function receiveFrame(
  context: NodeContext,
  tx: Work,
  box: BoxId,
  row: BoxRow,
  frame: Uint8Array,
): Promise<void> {
  if (row.kind === 'intro') {
    const accepted = await acceptHandshake(context, tx, frame)
    if (accepted?.sends) await resendUndelivered(context, tx, accepted)
    if (accepted?.sends) await askAnew(context, tx, accepted.device)
    return
  }
  if (row.kind === 'group') {
    await receiveGroupFrame(context, tx, row.group as GroupId, box, frame)
    return
  }
  const device = row.device as DeviceId
  const opened = await receiveInSession(context, tx, device, row.session, frame)
  if (opened === null) return
  await hearIn(context, tx, row)
  if (frame.length < STANDARD_FRAME_BYTES) await noteThin(tx, row)
  const content = await wholeContent(context, tx, row, opened.body)
  const account = row.account as AccountId
  if (content !== null) await receiveContent(context, tx, account, device, content)
  // Last, so that a receipt in this very message counts first.
  if (opened.settled) {
    const settled = { account, device, session: row.session, firstContact: false }
    await resendUndelivered(context, tx, settled)
    if (keepsSpares(context)) await askForSpare(context, tx, device)
  }
}

/**
 * The content in a body, or null while fragments are missing. A body that is malformed although it is authentic
 * is refused alone: the session has moved on, so the transaction must not be undone for it.
 */
async function wholeContent(
  context: NodeContext,
  tx: Work,
  { device, session }: SessionBoxRow,
  bytes: Uint8Array,
): Promise<Uint8Array | null> {
  const body = await orRefuse(context, tx, 'session', () => readBody(bytes))
  if (body === null) return null
  if (body.heard !== undefined) await learnHeard(tx, device as DeviceId, body.heard)
  return body.kind === 'content' ? body.content : addFragment(tx, `session:${session}`, body.place, body.data)
}

async function receiveContent(
  context: NodeContext,
  tx: Work,
  account: AccountId,
  device: DeviceId,
  content: Uint8Array,
): Promise<void> {
  const message = await orRefuse(context, tx, 'session', () => decodeMessage(context.registry, content))
  if (message === null) return
  if (message.type === 'receipt' && 'body' in message) {
    const { kind, ids } = message.body as ReceiptBody
    return countReceipt(context, tx, account, device, kind, ids)
  }
  if (message.type === groupWelcomeContent.type && 'body' in message) {
    await joinByWelcome(context, tx, account, message.body as GroupWelcomeBody)
    return confirm(context, tx, { account, device }, message.id)
  }
  if (message.type === keyPackageContent.type && 'body' in message)
    return receiveKeyPackage(context, tx, device, message.body as KeyPackageBody)
  if (message.type === groupBoxContent.type) return
  const place: Place = { kind: 'direct', peer: account }
  await logMessage(context, tx, { direction: 'in', place, account, device }, message)
  await confirm(context, tx, { account, device }, message.id)
}
