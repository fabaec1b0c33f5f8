/**
 * The boxes of one session as they follow each other (spec/messenger.md section 1.1): a new one about once a day.
 *
 * Who writes turns to the next box, at most one ahead of what the reader has confirmed; who reads has the one before,
 * the present and the next open. So no mail depends on a clock: a wrong one only turns earlier or later.
 */
import { type BoxId, boxId, type DeviceId, toHex } from '@hyphae/core'
import { accountId, type DeviceCertificate } from '@hyphae/identity'
import type { SessionState } from '@hyphae/ratchet'
import type { HeardEpoch } from './body.js'
import { boxBases, boxOfSeed, boxSeedAt, homeOf } from './boxes.js'
import { deviceOf } from './contacts.js'
import type { NodeContext, Work } from './context.js'
import { BOX_EPOCH_MS, BOX_LEAD, COVERED_MS, MAX_BOX_EPOCH } from './limits.js'
import { boxesTable, heardTable, type OpenBox, type SessionBoxRow, type TurnRow, turnsTable } from './rows.js'
import type { TableEntry } from './table.js'

/** From now on the first boxes of the session are read, and the peer's first one is written to. */
export function beginTurns(
  context: NodeContext,
  tx: Work,
  certificate: DeviceCertificate,
  session: SessionState,
): void {
  const { crypto, clock, self } = context
  const device = deviceOf(certificate)
  const bases = boxBases(crypto, session)
  const places = { home: homeOf(self.device.introBox.publicKey), peerHome: homeOf(certificate.introBox) }
  const start: TurnRow = {
    ...bases,
    ...places,
    account: accountId(certificate.account),
    heard: 0,
    open: [],
    confirmed: 0,
    sends: 0,
    since: clock.now(),
    box: boxOfSeed(crypto, boxSeedAt(crypto, bases.peer, places.peerHome, 0)),
    thin: false,
  }
  const name = toHex(session.id)
  turnsTable.put(tx, openUpTo(context, tx, device, name, start, BOX_LEAD), device, name)
  tx.after(() => context.signals.boxes.fire())
}

/** Opens the boxes up to an epoch that are not open yet. */
function openUpTo(
  context: NodeContext,
  tx: Work,
  device: DeviceId,
  session: string,
  row: TurnRow,
  last: number,
): TurnRow {
  const { crypto } = context
  const open: OpenBox[] = [...row.open]
  for (let epoch = (open.at(-1)?.epoch ?? -1) + 1; epoch <= Math.min(last, MAX_BOX_EPOCH); epoch++) {
    const seed = boxSeedAt(crypto, row.own, row.home, epoch)
    const box = boxOfSeed(crypto, seed)
    const { account } = row
    boxesTable.put(tx, { kind: 'session', seed, account, device, session, epoch }, box)
    open.push({ epoch, box, replacedAt: 0 })
  }
  return { ...row, open }
}

/** The box that the next frame of a session goes to. */
export async function boxToWrite(
  context: NodeContext,
  tx: Work,
  device: DeviceId,
  session: string,
): Promise<BoxId | undefined> {
  const row = await turnsTable.get(tx, device, session)
  if (row === undefined) return undefined
  if (!isDue(context, row)) return boxId(row.box)
  const { crypto, clock } = context
  const sends = row.sends + 1
  const box = boxOfSeed(crypto, boxSeedAt(crypto, row.peer, row.peerHome, sends))
  turnsTable.put(tx, { ...row, sends, since: clock.now(), box }, device, session)
  return box
}

export interface WrittenTo {
  readonly device: DeviceId
  readonly box: BoxId
}

/** Where those are written to who were written to lately, one box a device; not over thin links, where every byte counts. */
export async function boxesWrittenTo(context: NodeContext, tx: Work): Promise<WrittenTo[]> {
  const boxes: WrittenTo[] = []
  for (const { device, session, row } of latest(await turnsTable.list(tx, []))) {
    if (!isLately(context, row)) continue
    const box = await boxToWrite(context, tx, device, session)
    if (box !== undefined) boxes.push({ device, box })
  }
  return boxes
}

/** Whether the device is one of those that `boxesWrittenTo` gives. */
export async function isCovered(context: NodeContext, tx: Work, device: DeviceId): Promise<boolean> {
  return latest(await turnsTable.list(tx, [device])).some(({ row }) => isLately(context, row))
}

interface Latest {
  readonly device: DeviceId
  readonly session: string
  readonly row: TurnRow
}

/** Of each device the session that was turned to last. */
function latest(entries: readonly TableEntry<TurnRow>[]): Latest[] {
  const byDevice = new Map<string, Latest>()
  for (const { parts, row } of entries) {
    const [device, session] = parts as [DeviceId, string]
    const known = byDevice.get(device)
    if (known === undefined || known.row.since < row.since) byDevice.set(device, { device, session, row })
  }
  return [...byDevice.values()]
}

function isLately({ clock }: NodeContext, { thin, since }: TurnRow): boolean {
  return !thin && Math.abs(clock.now() - since) <= COVERED_MS
}

/** A frame of less than the usual size was opened: its sender counts bytes. */
export async function noteThin(tx: Work, { device, session }: SessionBoxRow): Promise<void> {
  const row = await turnsTable.get(tx, device, session)
  if (row !== undefined && !row.thin) turnsTable.put(tx, { ...row, thin: true }, device, session)
}

/** A clock that was set back shows a time before the last turn: that counts as long ago. */
function isDue({ clock, mode }: NodeContext, { sends, confirmed, since }: TurnRow): boolean {
  if (mode === 'thin' || sends >= confirmed + BOX_LEAD || sends >= MAX_BOX_EPOCH) return false
  const elapsed = clock.now() - since
  return elapsed < 0 || elapsed >= BOX_EPOCH_MS
}

/** A frame was opened that lay in this box: its sender may go one further from now on. */
export async function hearIn(
  context: NodeContext,
  tx: Work,
  { device, session, epoch }: SessionBoxRow,
): Promise<void> {
  if (epoch === 0) return
  const row = await turnsTable.get(tx, device, session)
  if (row === undefined || epoch <= row.heard) return
  const now = Math.max(1, context.clock.now())
  const opened = openUpTo(context, tx, device as DeviceId, session, row, epoch + BOX_LEAD)
  // The one before stays open: what was under way while the sender turned comes there.
  const open = opened.open.map((one) =>
    one.epoch < epoch - 1 && one.replacedAt === 0 ? { ...one, replacedAt: now } : one,
  )
  turnsTable.put(tx, { ...opened, heard: epoch, open }, device, session)
  heardTable.put(tx, { session, epoch }, device)
  tx.after(() => context.signals.boxes.fire())
}

/** What a device is told with the next frame: how far its turns were followed. A thin link is spared it. */
export async function heardFrom(
  context: NodeContext,
  tx: Work,
  device: DeviceId,
): Promise<HeardEpoch | undefined> {
  return context.mode === 'thin' ? undefined : heardTable.get(tx, device)
}

/** The device has told how far it has followed. More than was ever turned to is no news. */
export async function learnHeard(
  tx: Work,
  device: DeviceId,
  { session: prefix, epoch }: HeardEpoch,
): Promise<void> {
  for (const { parts, row } of await turnsTable.list(tx, [device])) {
    if (!String(parts[1]).startsWith(prefix) || epoch <= row.confirmed || epoch > row.sends) continue
    turnsTable.put(tx, { ...row, confirmed: epoch }, ...parts)
  }
}

/** Reads no more what may still come to sessions that are gone. */
export async function endTurns(
  context: NodeContext,
  tx: Work,
  sessions: readonly SessionState[],
): Promise<void> {
  if (sessions.length === 0) return
  const gone = new Set(sessions.map(({ id }) => toHex(id)))
  for (const { parts, row } of await turnsTable.list(tx, [])) {
    if (!gone.has(String(parts[1]))) continue
    for (const { box } of row.open) boxesTable.delete(tx, box)
    turnsTable.delete(tx, ...parts)
  }
  tx.after(() => context.signals.boxes.fire())
}
