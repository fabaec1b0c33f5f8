/**
 * The receiver of a strict node: its boxes read through their buckets, in slots of its own (spec/privacy.md section 3).
 *
 * No frame is acknowledged, which would name its box: the relay forgets it when its time has come, and how far was read
 * is kept here. The newest frames that were for nobody are kept in memory, for a box that is opened only now: a frame
 * may be read before what says that it is awaited. The place on disk lies before them. What lies in the box of a
 * KeyPackage is kept on disk until that box is opened.
 */
import { type BoxId, type BucketFrame, plainBytes, toHex } from '@hyphae/core'
import { type AwaitedBoxes, awaitedFor, createAwaitedBoxes, dropAwaited, keepAwaited } from './awaited.js'
import { prefixOf } from './boxes.js'
import type { BucketSource, NodeContext } from './context.js'
import {
  BITS_FRESH_MS,
  BUCKET_PAGE,
  HOME_BITS,
  QUIET_BUCKET_MS,
  READER_BITS,
  RECENT_FRAMES,
} from './limits.js'
import { closeOldBoxes } from './old-boxes.js'
import { codeOf } from './outbox.js'
import { drawPause } from './pace.js'
import { receive } from './receive.js'
import { type BoxRow, boxesTable, placesTable } from './rows.js'

interface Own {
  readonly box: BoxId
  readonly row: BoxRow
}

interface Reading {
  readonly context: NodeContext
  readonly source: BucketSource
  /** By bits and prefix. */
  readonly places: Map<string, Place>
  readonly own: Map<string, Own>
  readonly awaited: AwaitedBoxes
  /** How many bits its relay was found to be good for, and when. */
  readonly crowd: { bits: number | undefined; askedAt: number }
}

interface RecentFrame extends BucketFrame {
  /** It is in the store, as awaited. */
  readonly kept: boolean
}

/** How far one bucket was read. */
interface Place {
  readonly bits: number
  readonly prefix: number
  after: number
  /** Behind it nothing is kept here. */
  durable: number
  readonly recent: RecentFrame[]
  newsAt: number
}

/** Reads every source until the node closes. Never rejects. */
export async function runBucketReader(context: NodeContext, meanMs: number): Promise<void> {
  const caughtUp = new Set<string>()
  const read = async (source: BucketSource): Promise<void> => {
    const crowd = { bits: undefined, askedAt: 0 }
    const awaited = createAwaitedBoxes(context)
    const reading: Reading = { context, source, places: new Map(), own: new Map(), awaited, crowd }
    while (!context.closing.aborted) {
      try {
        await readAll(reading)
        caughtUp.add(source.name)
        // All of them have been read to the end since the node has started: what is replaced is empty.
        if (caughtUp.size === context.buckets.length) await closeOldBoxes(context, async () => true)
      } catch (error) {
        if (context.closing.aborted) return
        reading.crowd.bits = undefined
        context.logger.warn('receiver: a bucket could not be read', { code: codeOf(error) })
      }
      await context.clock.sleep(drawPause(context.crypto, meanMs), context.closing, true).catch(() => {})
    }
  }
  await Promise.all(context.buckets.map(read))
}

/** One slot: every bucket with a box of this node's in it, to its end. */
async function readAll(reading: Reading): Promise<void> {
  const bits = await bitsOf(reading)
  await learnBoxes(reading)
  await reading.awaited.look((box) => reading.own.has(toHex(box)))
  const done = new Set<number>()
  for (;;) {
    const prefix = [...reading.own.values()]
      .map(({ box }) => prefixOf(box, bits))
      .find((one) => !done.has(one))
    if (prefix === undefined) return
    done.add(prefix)
    await readBucket(reading, await placeOf(reading, bits, prefix))
  }
}

/** Asked once in a while, since each question costs as much as reading. A refusal makes it be asked anew. */
async function bitsOf({ context, source, crowd }: Reading): Promise<number> {
  const now = context.clock.now()
  if (crowd.bits === undefined || Math.abs(now - crowd.askedAt) >= BITS_FRESH_MS) {
    const offered = await source.buckets.bits({ signal: context.closing })
    crowd.bits = Math.max(0, Math.min(HOME_BITS, offered - READER_BITS))
    crowd.askedAt = now
  }
  return crowd.bits
}

async function placeOf({ context, source, places }: Reading, bits: number, prefix: number): Promise<Place> {
  const name = `${bits} ${prefix}`
  const known = places.get(name)
  if (known !== undefined) return known
  const after = (await placesTable.get(context.store, source.name, bits, prefix)) ?? 0
  const place: Place = { bits, prefix, after, durable: after, recent: [], newsAt: context.clock.now() }
  places.set(name, place)
  return place
}

async function readBucket(reading: Reading, place: Place): Promise<void> {
  const { context, source } = reading
  const { bits, prefix } = place
  for (let more = true; more; ) {
    const { after } = place
    const page = { after, limit: BUCKET_PAGE, signal: context.closing }
    const part = await source.buckets.fetch({ bits, prefix }, page)
    for (const frame of part.frames) {
      if (frame.cursor <= place.after) continue
      const copy = { ...frame, hint: plainBytes(frame.hint), frame: plainBytes(frame.frame) }
      place.recent.push({ ...copy, kept: await take(reading, copy) })
      place.after = frame.cursor
    }
    place.after = Math.max(place.after, part.next)
    await keepPlace(reading, place)
    more = part.more && place.after > after
    noteNews(context, place, part.frames.length)
  }
}

/** Gives a frame to the box it is for, if one of this node's boxes it is; true where it keeps it for one that may be opened. */
async function take(reading: Reading, frame: BucketFrame): Promise<boolean> {
  for (const own of reading.own.values())
    if (isFor(reading, own.box, frame)) {
      await deliver(reading, own, frame)
      await learnBoxes(reading)
      return false
    }
  for (const box of reading.awaited.all())
    if (isFor(reading, box, frame)) {
      await keepAwaited(reading.context, reading.source.name, box, frame)
      return true
    }
  return false
}

function isFor({ context, source }: Reading, box: BoxId, frame: BucketFrame): boolean {
  return source.buckets.isFor(box, frame, context.crypto.sha256)
}

function deliver(
  { context }: Reading,
  { box, row }: Own,
  { cursor, frame }: Pick<BucketFrame, 'cursor' | 'frame'>,
): Promise<void> {
  return receive(context, box, row, { cursor, frame, ack: async () => {} })
}

/** Boxes that came are looked for among the frames that were for nobody; those that went are read no more. */
async function learnBoxes(reading: Reading): Promise<void> {
  const { context, own } = reading
  for (let more = true; more; ) {
    more = false
    const rows = new Map(
      (await boxesTable.list(context.store, [])).map(({ parts, row }) => [
        toHex(parts[0] as Uint8Array),
        { box: parts[0] as BoxId, row },
      ]),
    )
    for (const name of own.keys()) if (!rows.has(name)) own.delete(name)
    for (const [name, box] of rows) {
      if (own.has(name)) continue
      own.set(name, box)
      more = (await catchUp(reading, box)) || more
    }
  }
}

/** Hands to a box that came what lies in it already; true where there was something. */
async function catchUp(reading: Reading, own: Own): Promise<boolean> {
  const { context, places } = reading
  const awaited = await awaitedFor(context.store, own.box)
  for (const frame of awaited) await deliver(reading, own, frame)
  if (awaited.length > 0) await dropAwaited(context, own.box)
  let more = awaited.length > 0
  for (const { recent } of places.values())
    for (const frame of recent.filter((one) => !one.kept && isFor(reading, own.box, one))) {
      await deliver(reading, own, frame)
      more = true
    }
  return more
}

/** The place on disk follows at the distance of what is kept in memory: after a start that much is read again. */
async function keepPlace({ context, source }: Reading, place: Place): Promise<void> {
  const gone = place.recent.splice(0, Math.max(0, place.recent.length - RECENT_FRAMES)).at(-1)
  if (gone === undefined || gone.cursor <= place.durable) return
  place.durable = gone.cursor
  await context.store.transact((tx) =>
    placesTable.put(tx, place.durable, source.name, place.bits, place.prefix),
  )
}

/** A relay that has lost its store counts from the beginning: a bucket that long has nothing new is read again. */
function noteNews({ clock }: NodeContext, place: Place, frames: number): void {
  const now = clock.now()
  if (frames > 0 || now < place.newsAt) place.newsAt = now
  if (now - place.newsAt < QUIET_BUCKET_MS) return
  place.newsAt = now
  place.after = 0
}
