/** Mailboxes of the embedded engine: put, ack, fetch. spec/relay.md sections 3 and 5. */
import { DEFAULT_TTL, MAX_FETCH_BYTES, type StoredFrame } from '@hyphae/transport-relay/wire'
import { BOX_FULL_RETRY_MS, type RelayLimits, STORAGE_RETRY_MS } from '../limits.js'
import type { Batch, Effect } from './batch.js'
import type { Job } from './committer.js'
import { hasRoom } from './counters.js'
import type { Database } from './database.js'
import { frameTimes, type Random } from './due.js'
import { type Page, type PutOptions, refuse, type StoredListener, type Verdict } from './engine.js'
import type { IdFilter } from './ids.js'
import { boxName, frameKey, idKey, type Slot, slot, slotSeq, slotSize, spentKey } from './keys.js'
import type { Positions } from './positions.js'
import { useUp } from './spends.js'

export interface PutContext {
  readonly positions: Positions
  readonly ids: IdFilter
  readonly limits: RelayLimits
  readonly random: Random
  readonly stored: StoredListener
}

const NOTHING: readonly Uint8Array[] = []

/** A job whose work finds what it needs in the job itself: a closure for each put would live until it is durable. */
interface PutJob extends Job<Verdict>, Effect {
  readonly box: Uint8Array
  readonly id: Uint8Array
  readonly frame: Uint8Array
  readonly options: PutOptions
  readonly context: PutContext
  readonly now: number
  /** False: the store has not had the id before this batch. */
  maybe: boolean
  /** Once it has run. */
  name: string
  place: Slot
}

/** An id that is new to the box is not looked for. */
function readsOfPut(this: PutJob): readonly Uint8Array[] {
  const { box, id, options, context } = this
  this.maybe = context.ids.maybe(box, id)
  const keys = this.maybe ? [idKey(box, id)] : NOTHING
  return options.spend === undefined ? keys : [...keys, spentKey(options.spend.name)]
}

function tellOfPut(this: PutJob): void {
  const { context, name, place, frame } = this
  context.positions.add(name, place)
  context.stored(name, { cursor: slotSeq(place), frame })
}

function runPut(this: PutJob, batch: Batch): Verdict {
  return put(batch, this)
}

export function putJob(
  box: Uint8Array,
  id: Uint8Array,
  frame: Uint8Array,
  options: PutOptions,
  context: PutContext,
  now: number,
): Job<Verdict> {
  const job: PutJob = {
    box,
    id,
    frame,
    options,
    context,
    now,
    bytes: frame.length,
    maybe: true,
    name: '',
    place: 0,
    reads: readsOfPut,
    run: runPut,
    durable: tellOfPut,
  }
  return job
}

function put(batch: Batch, job: PutJob): Verdict {
  const { box, id, frame, options, context, now, maybe } = job
  const { ttl = DEFAULT_TTL, quota, spend } = options
  const { positions, limits, random, ids } = context
  if (batch.putsId(box, id) || (maybe && batch.known(idKey(box, id)) !== undefined)) return null
  const name = boxName(box)
  const adding = batch.added.get(name) ?? 0
  const most = Math.min(quota ?? limits.framesPerBox, limits.framesPerBox)
  if (positions.count(name) + adding >= most) return refuse('box-full', BOX_FULL_RETRY_MS)
  const { counters } = batch
  if (!hasRoom(counters, frame.length, limits)) return refuse('storage-failed', STORAGE_RETRY_MS)
  if (spend !== undefined && !useUp(batch, spend)) return refuse('ticket-spent')
  const seq = counters.nextSeq++
  const place = slot(seq, frame.length)
  counters.bytes += frame.length
  counters.frames[slotSize(place)] += 1
  batch.added.set(name, adding + 1)
  batch.putId(box, id)
  batch.putFrame(box, place, frame)
  const { at, end } = frameTimes(ttl, limits, now, random)
  counters.rows += 1
  batch.due(at, end, seq, box, id)
  ids.add(box, id)
  job.name = name
  job.place = place
  batch.whenDurable(job)
  return null
}

/** Stops counting and storing these frames of a box; the batch's caller forgets the positions afterwards. */
export function removeFrames(batch: Batch, box: Uint8Array, slots: readonly Slot[]): void {
  for (const place of slots) {
    batch.dropFrame(box, place)
    batch.counters.frames[slotSize(place)] -= 1
    batch.counters.bytes -= slotSize(place)
  }
}

/** With what it holds in memory until it is durable. */
const ACK_BYTES = 256

/** Two acks of one box in one batch see the same positions: only what is still stored counts. */
function stillStored({ droppedUpTo, dropped }: Batch, name: string, slots: Slot[]): Slot[] {
  const upTo = droppedUpTo.get(name)
  if (upTo === undefined && dropped.size === 0) return slots
  return slots.filter((place) => slotSeq(place) > (upTo ?? 0) && !dropped.has(slotSeq(place)))
}

export function ackJob(box: Uint8Array, cursor: number, positions: Positions): Job<Verdict> {
  const name = boxName(box)
  return {
    bytes: ACK_BYTES,
    run: (batch) => {
      const slots = stillStored(batch, name, positions.upTo(name, cursor))
      const last = slots.at(-1)
      if (last === undefined) return null
      removeFrames(batch, box, slots)
      batch.droppedUpTo.set(name, slotSeq(last))
      batch.afterwards(() => positions.drop(name, slotSeq(last)))
      return null
    },
  }
}

/** Slots that fit one answer. */
function cut(slots: readonly Slot[], limit: number): Slot[] {
  let bytes = 0
  const page: Slot[] = []
  for (const place of slots.slice(0, limit)) {
    bytes += slotSize(place)
    if (bytes > MAX_FETCH_BYTES && page.length > 0) break
    page.push(place)
  }
  return page
}

const MAX_PAGE = MAX_FETCH_BYTES / 128

export async function fetchPage(
  database: Database,
  positions: Positions,
  box: Uint8Array,
  after: number,
  limit: number,
): Promise<Page> {
  const wanted = Math.min(limit, MAX_PAGE)
  const slots = positions.after(boxName(box), after, wanted + 1)
  const page = cut(slots, wanted)
  if (page.length === 0) return { more: false, deliveries: [] }
  const frames = await database.getMany(page.map((place) => frameKey(box, place)))
  const deliveries: StoredFrame[] = []
  page.forEach((place, i) => {
    const frame = frames[i]
    // Acknowledged while it was being read.
    if (frame !== undefined) deliveries.push({ cursor: slotSeq(place), frame })
  })
  return { more: slots.length > page.length, deliveries }
}
