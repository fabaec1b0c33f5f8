/** The sessions with one device: adding one, changing which of them sends, and dropping what is too much or too old. */
import type { StoreReader } from '@hyphae/core'
import type { SessionState } from '../session.js'
import { isExpired, isOpen } from './choice.js'
import { checkDevice, type SessionsContext, timeOf } from './context.js'
import { readMeta } from './meta-row.js'
import { type PeerRow, readPeer, writePeer } from './peer-row.js'
import { idOf, type PlacedRow } from './session-book.js'
import { isConfirmed, type SessionRow } from './session-row.js'
import type { SessionTransaction } from './transaction.js'

/** Writes `peer`, whose sending session may differ from the one `before`: that one is archived, this one no longer. */
export async function changePeer(
  context: SessionsContext,
  tx: SessionTransaction,
  device: string,
  before: PeerRow | undefined,
  peer: PeerRow,
  now: number,
): Promise<void> {
  const { book, gate, tables } = context
  writePeer(tx, tables, device, peer)
  if (before?.current === peer.current) return
  const passage = gate.passage(tx)
  const old = before?.current ? await book.get(tx, device, before.current) : undefined
  if (old !== undefined) book.put(tx, passage, device, { ...old, archivedAt: now })
  const current = peer.current === null ? undefined : await book.get(tx, device, peer.current)
  if (current !== undefined && current.archivedAt !== 0) {
    book.put(tx, passage, device, { ...current, archivedAt: 0, unanswered: 0, unansweredAt: 0 })
  }
}

/** Adds a session; gives back those that had to go for it: archived too long, or heard and made before too many. */
export async function addSession(
  context: SessionsContext,
  tx: SessionTransaction,
  device: string,
  row: SessionRow,
  peer: { readonly before: PeerRow | undefined; readonly after: PeerRow },
  now: number,
): Promise<SessionState[]> {
  const { book, gate } = context
  const id = idOf(row)
  const others = (await book.list(tx, device)).filter((other) => other.id !== id)
  book.put(tx, gate.passage(tx), device, { ...row, archivedAt: peer.after.current === id ? 0 : now })
  await changePeer(context, tx, device, peer.before, peer.after, now)
  const spare = others.filter((other) => other.id !== peer.after.current)
  const age = ({ row }: PlacedRow): number => Math.max(row.heardAt, row.session.createdAt)
  spare.sort((a, b) => age(b) - age(a))
  const kept = context.maxArchived - (peer.after.current === id ? 0 : 1)
  return dropSessions(
    context,
    tx,
    device,
    spare.filter((other, i) => i >= kept || isExpired(other.row, now)),
  )
}

export function dropSessions(
  context: SessionsContext,
  tx: SessionTransaction,
  device: string,
  rows: readonly PlacedRow[],
): SessionState[] {
  for (const { id } of rows) context.book.delete(tx, device, id)
  return rows.map(({ row }) => row.session)
}

export interface SessionSummary {
  /** Hexadecimal. */
  readonly sessionId: string
  readonly session: SessionState
  /** Whether `encrypt` uses it. */
  readonly sends: boolean
  /** A message was opened in it: the peer has it too. */
  readonly confirmed: boolean
  /** Milliseconds when that last was; null while it never was. */
  readonly heardAt: number | null
  /** Milliseconds; null while it sends. */
  readonly archivedAt: number | null
}

/** The one that sends first, then by the time they stopped. */
export async function sessionsOf(
  context: SessionsContext,
  reader: StoreReader,
  device: string,
): Promise<SessionSummary[]> {
  checkDevice(device)
  const { book, gate, tables } = context
  const peer = await readPeer(reader, tables, device)
  const { floor } = await readMeta(reader, tables)
  const ready = gate.status() === 'ready'
  const rows = await book.list(reader, device)
  const summaries = rows.map(({ id, row }) => ({
    sessionId: id,
    session: row.session,
    sends: ready && peer !== undefined && peer.current === id && isOpen(row, peer, floor),
    confirmed: isConfirmed(row),
    heardAt: row.heardAt === 0 ? null : row.heardAt,
    archivedAt: row.archivedAt === 0 ? null : row.archivedAt,
  }))
  const age = (one: SessionSummary): number => one.archivedAt ?? Number.MAX_SAFE_INTEGER
  return summaries.sort((a, b) => age(b) - age(a))
}

export async function forgetDevice(
  context: SessionsContext,
  tx: SessionTransaction,
  device: string,
): Promise<SessionState[]> {
  checkDevice(device)
  await context.gate.check(tx)
  context.gate.touch(tx)
  tx.delete(context.tables.peer(device))
  return dropSessions(context, tx, device, await context.book.list(tx, device))
}

/** Drops what is archived long enough, and archives what only receives without having been replaced. */
export async function sweep(context: SessionsContext, tx: SessionTransaction): Promise<SessionState[]> {
  const { book, gate, tables } = context
  const { floor } = await gate.check(tx)
  const now = timeOf(context)
  const dropped: SessionState[] = []
  for (const { device, id, row } of await book.all(tx)) {
    if (isExpired(row, now)) {
      gate.touch(tx)
      dropped.push(...dropSessions(context, tx, device, [{ id, row }]))
    } else if (row.archivedAt === 0) {
      const peer = await readPeer(tx, tables, device)
      if (peer === undefined || isOpen(row, peer, floor)) continue
      gate.touch(tx)
      await changePeer(context, tx, device, peer, { ...peer, current: null }, now)
    }
  }
  return dropped
}
