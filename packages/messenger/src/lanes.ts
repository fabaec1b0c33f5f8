/**
 * Sending what the outbox holds: in order for each box, and no box held up by another whose reader or carrier is away.
 * A box that failed waits longer each time, and is then tried with a single frame.
 */
import { toHex } from '@hyphae/core'
import { mailboxOf, type NodeContext, transact } from './context.js'
import { MAX_STORING, OUTBOX_BATCH } from './limits.js'
import { codeOf, itemOf, settleStored } from './outbox.js'
import { sealAllReceipts } from './receipts.js'
import { type Delays, delays } from './retry.js'
import { type OutboxRow, outboxTable } from './rows.js'
import { createSignal, type Signal } from './signal.js'
import type { TableEntry } from './table.js'

/** The frames of one box. */
interface Lane {
  /** Numbers in the outbox, rising. */
  readonly waiting: number[]
  /** Frames that carriers are storing. */
  storing: number
  readonly retry: Delays
  failed: boolean
  notBefore: number
}

interface Lanes {
  readonly context: NodeContext
  readonly byBox: Map<string, Lane>
  /** Fires when a lane can go on. */
  readonly freed: Signal
  /** Everything up to this number is in its lane. */
  learned: number
  storing: number
}

interface Chosen {
  readonly lane: Lane
  readonly number: number
}

/** Sends what is queued until the node closes. Never rejects. */
export async function runOutbox(context: NodeContext): Promise<void> {
  const lanes: Lanes = { context, byBox: new Map(), freed: createSignal(), learned: 0, storing: 0 }
  const retry = delays(context.crypto)
  let before = true
  while (!context.closing.aborted) {
    try {
      if (before) await sealAllReceipts(context)
      before = false
      await learn(lanes)
      retry.reset()
      const chosen = choose(lanes)
      if (chosen.length > 0) void store(lanes, chosen)
      else await rest(lanes)
    } catch (error) {
      if (context.closing.aborted) return
      context.logger.warn('outbox: it could not be read', { code: codeOf(error) })
      await context.clock.sleep(retry.next(), context.closing).catch(() => {})
    }
  }
}

/** Puts what was queued since into the lanes. */
async function learn(lanes: Lanes): Promise<void> {
  const { context, byBox } = lanes
  for (let more = true; more; ) {
    const page = { from: lanes.learned + 1, limit: OUTBOX_BATCH }
    const rows = await outboxTable.list(context.store, [], page)
    more = rows.length === OUTBOX_BATCH
    for (const { parts, row } of rows) {
      const name = toHex(row.box)
      const lane = byBox.get(name) ?? emptyLane(context)
      byBox.set(name, lane)
      lane.waiting.push(parts[0] as number)
      lanes.learned = parts[0] as number
    }
  }
}

function emptyLane({ crypto }: NodeContext): Lane {
  return { waiting: [], storing: 0, retry: delays(crypto), failed: false, notBefore: 0 }
}

/** The oldest frames of the lanes that can go on; of one that failed, a single one. */
function choose(lanes: Lanes): Chosen[] {
  const now = lanes.context.clock.now()
  const room = Math.min(OUTBOX_BATCH, MAX_STORING - lanes.storing)
  const chosen: Chosen[] = []
  for (const [name, lane] of lanes.byBox) {
    if (lane.storing > 0 || lane.notBefore > now) continue
    if (lane.waiting.length === 0) lanes.byBox.delete(name)
    const most = Math.min(room - chosen.length, lane.failed ? 1 : OUTBOX_BATCH)
    for (const number of lane.waiting.splice(0, most)) {
      chosen.push({ lane, number })
      lane.storing += 1
    }
    if (chosen.length >= room) break
  }
  lanes.storing += chosen.length
  return chosen.sort((a, b) => a.number - b.number)
}

/** Hands frames to the carriers; what they have not stored in the end goes back to its lane. */
async function store(lanes: Lanes, chosen: readonly Chosen[]): Promise<void> {
  const { context } = lanes
  const left = new Set(chosen)
  try {
    // In a transaction, so that what sealed these frames is witnessed before they leave.
    const rows = await transact(context, (tx) =>
      Promise.all(chosen.map(({ number }) => outboxTable.get(tx, number))),
    )
    const ready = chosen.flatMap((one, index) => {
      const row = rows[index]
      return row === undefined ? [] : [{ ...one, chosen: one, entry: { parts: [one.number], row } }]
    })
    const settler = createSettler(lanes, left)
    for (const one of chosen) if (!ready.some((other) => other.chosen === one)) release(lanes, left, one)
    const items = ready.map(({ entry }) => itemOf(entry))
    const stored = (index: number): void => settler.add(ready[index] as Stored)
    try {
      await mailboxOf(context).put(items, { signal: context.closing, stored })
      for (const index of items.keys()) stored(index)
    } finally {
      await settler.done()
    }
  } catch (error) {
    if (!context.closing.aborted)
      context.logger.warn('outbox: frames were not stored', { code: codeOf(error), frames: left.size })
  }
  giveBack(lanes, left)
}

interface Stored {
  readonly chosen: Chosen
  readonly entry: TableEntry<OutboxRow>
}

interface Settler {
  add(stored: Stored): void
  /** Resolves when all that was added has left the outbox. */
  done(): Promise<void>
}

/** Takes stored frames out of the outbox, in as few transactions as their coming allows. */
function createSettler(lanes: Lanes, left: Set<Chosen>): Settler {
  const waiting = new Set<Stored>()
  const added = new Set<Chosen>()
  let running: Promise<void> = Promise.resolve()
  const settle = async (): Promise<void> => {
    const batch = [...waiting]
    waiting.clear()
    if (batch.length === 0) return
    await settleStored(
      lanes.context,
      batch.map(({ entry }) => entry),
    )
    for (const { chosen } of batch) release(lanes, left, chosen)
  }
  return {
    add: (stored) => {
      if (added.has(stored.chosen)) return
      added.add(stored.chosen)
      waiting.add(stored)
      running = running.then(settle)
      running.catch(() => {})
    },
    done: () => running,
  }
}

/** The frame is out of the outbox; its lane goes on when it was the last of those under way. */
function release(lanes: Lanes, left: Set<Chosen>, chosen: Chosen): void {
  if (!left.delete(chosen)) return
  const { lane } = chosen
  lane.storing -= 1
  lane.failed = false
  lane.retry.reset()
  lanes.storing -= 1
  lanes.freed.fire()
}

function giveBack(lanes: Lanes, left: ReadonlySet<Chosen>): void {
  const byLane = new Map<Lane, number[]>()
  for (const { lane, number } of left) byLane.set(lane, [...(byLane.get(lane) ?? []), number])
  for (const [lane, numbers] of byLane) {
    lane.waiting.unshift(...numbers.sort((a, b) => a - b))
    lane.storing -= numbers.length
    lane.failed = true
    lane.notBefore = lanes.context.clock.now() + lane.retry.next()
  }
  lanes.storing -= left.size
  lanes.freed.fire()
}

/** Until something was queued, a lane was freed, or one that failed may be tried again. */
async function rest({ context, byBox, freed, storing }: Lanes): Promise<void> {
  const over = new AbortController()
  const signal = AbortSignal.any([context.closing, over.signal])
  const now = context.clock.now()
  const dueAt = [...byBox.values()]
    .filter((lane) => lane.waiting.length > 0 && lane.storing === 0 && storing < MAX_STORING)
    .map((lane) => lane.notBefore)
  const waits = [context.signals.outbox.wait(signal), freed.wait(signal)]
  if (dueAt.length > 0) waits.push(context.clock.sleep(Math.max(1, Math.min(...dueAt) - now), signal))
  try {
    await Promise.race(waits)
  } finally {
    over.abort()
    await Promise.allSettled(waits)
  }
}
