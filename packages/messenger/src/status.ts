/** How far a message got: derived from its row, so that no state is claimed that is not true. */
import type { AccountId, DeviceId, MessageId } from '@hyphae/core'
import type { NodeContext, Work } from './context.js'
import { MessengerError } from './errors.js'
import type { DeliveryState, EventHub } from './events.js'
import { type SentRow, sentTable, welcomesTable } from './rows.js'
import { type WaitingFile, waitingFileOf } from './staged-files.js'
import { confirmDelivered } from './undelivered.js'

export interface MessageStatus {
  readonly state: DeliveryState
  readonly recipients: readonly AccountId[]
  readonly delivered: readonly AccountId[]
  readonly read: readonly AccountId[]
  /** The message's file: how many of its chunks wait for a carrier, and why. Left out when none does. */
  readonly file?: WaitingFile
}

export function stateOf(row: SentRow): DeliveryState {
  const everyone = row.recipients.length
  if (everyone > 0 && row.read.length === everyone) return 'read'
  if (everyone > 0 && row.delivered.length === everyone) return 'delivered'
  return row.pending === 0 ? 'stored' : 'queued'
}

export function statusOf(row: SentRow): MessageStatus {
  return {
    state: stateOf(row),
    recipients: row.recipients as readonly AccountId[],
    delivered: row.delivered as readonly AccountId[],
    read: row.read as readonly AccountId[],
  }
}

/** Emits a status event after the commit when the state has changed. */
export function announceState(
  context: NodeContext,
  tx: Work,
  id: MessageId,
  before: SentRow,
  now: SentRow,
): void {
  const state = stateOf(now)
  if (state !== stateOf(before)) tx.after(() => context.emit({ type: 'status', id, state }))
}

/** Counts a receipt from a device of one recipient; receipts for what this node did not send to it are ignored. */
export async function countReceipt(
  context: NodeContext,
  tx: Work,
  from: AccountId,
  device: DeviceId,
  kind: 'delivered' | 'read',
  ids: readonly MessageId[],
): Promise<void> {
  for (const id of ids) {
    const sent = await sentTable.get(tx, id)
    const number = sent?.number ?? (await welcomesTable.get(tx, id))
    if (number !== undefined && number > 0) await confirmDelivered(tx, from, device, number)
    if (sent === undefined || !sent.recipients.includes(from)) continue
    const delivered = include(sent.delivered, from)
    const row = { ...sent, delivered, read: kind === 'read' ? include(sent.read, from) : sent.read }
    sentTable.put(tx, row, id)
    announceState(context, tx, id, sent, row)
  }
}

function include(list: readonly string[], value: string): readonly string[] {
  return list.includes(value) ? list : [...list, value]
}

const ORDER: readonly DeliveryState[] = ['queued', 'stored', 'delivered', 'read']

/** @throws MessengerError `messenger/unknown-message` */
export async function readStatus(context: NodeContext, id: MessageId): Promise<MessageStatus> {
  const row = await sentTable.get(context.store, id)
  if (row === undefined) throw new MessengerError('messenger/unknown-message')
  const file = await waitingFileOf(context, id)
  return { ...statusOf(row), ...(file && { file }) }
}

/** Resolves when the message has reached `state` or a later one. */
export async function waitForState(
  context: NodeContext,
  hub: EventHub,
  id: MessageId,
  state: DeliveryState,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController()
  const events = hub.subscribe(AbortSignal.any([signal, stop.signal]))
  try {
    const there = async (): Promise<boolean> =>
      ORDER.indexOf((await readStatus(context, id)).state) >= ORDER.indexOf(state)
    if (await there()) return
    for await (const event of events) {
      if (event.type === 'status' && event.id === id && (await there())) return
    }
    throw signal.reason
  } finally {
    stop.abort()
  }
}
