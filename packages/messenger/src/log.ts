/**
 * The log: every message this node received or sent, once, in order of arrival; and the reader of `messages()`.
 *
 * A message enters the log in the transaction that consumed its frame. The reader's place is durable: it goes on
 * after the last message whose handling ended. A message that was being handled when the process died is offered
 * again, marked `redelivered`.
 */

import {
  type DecodedMessage,
  decodeMessage,
  encodeMessage,
  type FileBody,
  type TextBody,
} from '@hyphae/content'
import type { AccountId, DeviceId, GroupId, MessageId } from '@hyphae/core'
import { type NodeContext, transact, type Work } from './context.js'
import { MessengerError } from './errors.js'
import { MAX_HEADS } from './limits.js'
import { headsTable, historyTable, type LogRow, logTable, readingTable, seenTable } from './rows.js'
import { nextNumber } from './table.js'

/** Where a message stands: with one account, or in a group. */
export type Place =
  | { readonly kind: 'direct'; readonly peer: AccountId }
  | { readonly kind: 'group'; readonly group: GroupId }

export interface LoggedMessage {
  readonly id: MessageId
  readonly direction: 'in' | 'out'
  readonly place: Place
  /** The authenticated sender. */
  readonly from: AccountId
  readonly device: DeviceId
  readonly type: string
  readonly body: unknown
  /** The body in MessagePack when no registered type reads it; `body` is then undefined. */
  readonly raw: Uint8Array | undefined
  /** The text of a `text` message. */
  readonly text: string | undefined
  /** The description of a `file` message; pass the message to `downloadFile`. */
  readonly file: FileBody | undefined
  /** The sender's clock, for display only. */
  readonly sentAt: number
  readonly receivedAt: number
  readonly parents: readonly MessageId[]
  /** Parents that had not arrived: something sent before this message is missing. */
  readonly missing: readonly MessageId[]
}

export interface IncomingMessage extends LoggedMessage {
  /** It was handed out before, and the process ended before the reader came back for the next one. */
  readonly redelivered: boolean
}

export function placeKey(place: Place): string {
  return place.kind === 'direct' ? `direct:${place.peer}` : `group:${place.group}`
}

export function placeOf(key: string): Place {
  const [kind, id] = [key.slice(0, key.indexOf(':')), key.slice(key.indexOf(':') + 1)]
  return kind === 'group' ? { kind, group: id as GroupId } : { kind: 'direct', peer: id as AccountId }
}

export interface Origin {
  readonly direction: 'in' | 'out'
  readonly place: Place
  readonly account: AccountId
  readonly device: DeviceId
}

/** Logs a message once; its number, or null when this sender's message of this id is there already. */
export async function logMessage(
  context: NodeContext,
  tx: Work,
  origin: Origin,
  message: DecodedMessage,
): Promise<number | null> {
  if ((await seenTable.get(tx, origin.account, message.id)) !== undefined) return null
  seenTable.put(tx, true, origin.account, message.id)
  const place = placeKey(origin.place)
  const number = await nextNumber(tx, 'log')
  const row: LogRow = {
    direction: origin.direction,
    place,
    account: origin.account,
    device: origin.device,
    content: encodeMessage(context.registry, message),
    receivedAt: context.clock.now(),
    missing: await missingParents(tx, place, message),
  }
  logTable.put(tx, row, number)
  historyTable.put(tx, true, place, number)
  await moveHeads(tx, place, message)
  tx.after(() => context.signals.log.fire())
  return number
}

/** The latest messages of a place: what the next message names as its parents. */
export async function headsOf(tx: Pick<Work, 'get' | 'list'>, place: Place): Promise<MessageId[]> {
  return [...((await headsTable.get(tx, placeKey(place))) ?? [])] as MessageId[]
}

async function moveHeads(tx: Work, place: string, message: DecodedMessage): Promise<void> {
  const heads = (await headsTable.get(tx, place)) ?? []
  const kept = heads.filter((id) => !message.parents.includes(id as MessageId))
  headsTable.put(tx, [...kept, message.id].slice(-MAX_HEADS), place)
  seenTable.put(tx, true, place, message.id)
}

async function missingParents(tx: Work, place: string, message: DecodedMessage): Promise<string[]> {
  const missing: string[] = []
  for (const parent of message.parents) {
    if ((await seenTable.get(tx, place, parent)) === undefined) missing.push(parent)
  }
  return missing
}

function readRow(context: NodeContext, row: LogRow): LoggedMessage {
  const message = decodeMessage(context.registry, row.content)
  const body = 'body' in message ? message.body : undefined
  return {
    id: message.id,
    direction: row.direction,
    place: placeOf(row.place),
    from: row.account as AccountId,
    device: row.device as DeviceId,
    type: message.type,
    body,
    raw: 'raw' in message ? message.raw : undefined,
    text: message.type === 'text' ? (body as TextBody).text : undefined,
    file: message.type === 'file' ? (body as FileBody) : undefined,
    sentAt: message.sentAt,
    receivedAt: row.receivedAt,
    parents: message.parents,
    missing: row.missing as readonly MessageId[],
  }
}

/** The last `limit` messages of a place, oldest first. */
export async function readHistory(
  context: NodeContext,
  place: Place,
  limit: number,
): Promise<LoggedMessage[]> {
  const entries = await historyTable.list(context.store, [placeKey(place)], { reverse: true, limit })
  const messages: LoggedMessage[] = []
  for (const { parts } of entries.reverse()) {
    const row = await logTable.get(context.store, parts[1] as number)
    if (row !== undefined) messages.push(readRow(context, row))
  }
  return messages
}

/** Received messages from the reader's durable place on, as they come, until the signal fires. */
export async function* readMessages(
  context: NodeContext,
  signal: AbortSignal,
): AsyncGenerator<IncomingMessage, void, undefined> {
  const start = (await readingTable.get(context.store)) ?? { offered: 0, done: 0 }
  let done = start.done
  try {
    while (!signal.aborted) {
      const [entry] = await logTable.list(context.store, [], { from: done + 1, limit: 1 })
      if (entry === undefined) {
        await context.signals.log.wait(signal).catch(() => {})
        continue
      }
      const number = entry.parts[0] as number
      if (entry.row.direction === 'in') {
        await moveReader(context, { offered: number, done })
        // From here the message counts as handled when the reader comes back, by asking on or by leaving.
        const message = { ...readRow(context, entry.row), redelivered: number <= start.offered }
        done = number
        yield message
      }
      done = number
    }
  } finally {
    if (!context.closing.aborted) await moveReader(context, { offered: done, done })
  }
}

async function moveReader(context: NodeContext, to: { offered: number; done: number }): Promise<void> {
  await transact(context, async (tx) =>
    readingTable.put(tx, { offered: Math.max(to.offered, to.done), done: to.done }),
  )
}

export function alreadyReading(): MessengerError {
  return new MessengerError('messenger/already-reading')
}
