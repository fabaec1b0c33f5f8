/**
 * Outbox: exact frames, kept until a carrier has stored them.
 *
 * A frame enters in the transaction that advanced its session, so it is never sealed twice; a retry, also after
 * a crash, puts the same bytes under the same id, which a mailbox stores once.
 */
import type { BoxId, MailboxPut, MessageId } from '@hyphae/core'
import { boxId } from '@hyphae/core'
import { type NodeContext, transact, type Work } from './context.js'
import { groupsTable, invitesTable } from './group-rows.js'
import { type OutboxRow, outboxTable, sentTable, unconfirmedTable } from './rows.js'
import { announceState } from './status.js'
import { nextNumber, type TableEntry } from './table.js'

/** Random, so that nobody else's frame has the same name. */
export const PUT_ID_BYTES = 16

export interface FrameOrigin {
  /** Message towards whose delivery the frame counts. */
  readonly message?: MessageId | undefined
  /** Session that the frame is of or begins, hexadecimal: its frames leave in order where there are slots. */
  readonly session?: string
}

/** Queues one sealed frame. */
export async function enqueue(
  context: NodeContext,
  tx: Work,
  box: BoxId | Uint8Array,
  frame: Uint8Array,
  { message, session }: FrameOrigin,
): Promise<void> {
  const number = await nextNumber(tx, 'outbox')
  const id = context.crypto.randomBytes(PUT_ID_BYTES)
  const row: OutboxRow = { box, id, frame, message: message ?? '', session: session ?? '' }
  outboxTable.put(tx, row, number)
  tx.after(() => context.signals.outbox.fire())
}

export function itemOf({ row }: TableEntry<OutboxRow>): MailboxPut {
  return { box: boxId(row.box), id: row.id, frame: row.frame }
}

/** Some carrier has these frames: they leave the outbox, and count. */
export function settleStored(context: NodeContext, stored: readonly TableEntry<OutboxRow>[]): Promise<void> {
  return transact(context, async (tx) => {
    for (const { parts, row } of stored) {
      outboxTable.delete(tx, ...parts)
      if (row.message !== '') await countStored(context, tx, row.message as MessageId)
    }
    tx.after(() => context.signals.stored.fire())
  })
}

async function countStored(context: NodeContext, tx: Work, id: MessageId): Promise<void> {
  const sent = await sentTable.get(tx, id)
  if (sent === undefined) return
  const row = { ...sent, pending: Math.max(0, sent.pending - 1) }
  sentTable.put(tx, row, id)
  announceState(context, tx, id, sent, row)
}

/** Resolves when nothing waits to be stored by a carrier, and no joiner of a group for its Welcome. */
export async function flushOutbox(context: NodeContext, signal: AbortSignal): Promise<void> {
  while (await isWaiting(context)) await context.signals.stored.wait(signal)
}

async function isWaiting({ store }: NodeContext): Promise<boolean> {
  const first = await Promise.all(
    [outboxTable, unconfirmedTable, invitesTable].map((one) => one.list(store, [], { limit: 1 })),
  )
  if (first.some(({ length }) => length > 0)) return true
  return (await groupsTable.list(store, [])).some(({ row }) => row.active && row.inviting)
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
