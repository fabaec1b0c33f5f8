/**
 * A mailbox whose boxes are read through their buckets, so that the relay learns the bucket and not the box.
 *
 * spec/relay.md section 3.3. One reader serves all boxes of a bucket, from where the last one of them has to go on. An
 * acknowledgement names the box: it is sent where the relay cannot tell whose it is, later and by itself; elsewhere
 * what was acknowledged is remembered here alone.
 */
import { type BoxKey, type Delivery, equalBytes, isHyphaeError, KEY_BYTES, type Mailbox } from '@hyphae/core'
import { onAbort } from './abort.js'
import type { Buckets } from './buckets.js'
import { checkLength } from './check.js'
import type { FeedContext } from './feed.js'
import { createInbox, type Inbox } from './inbox.js'
import { DEFAULT_FETCH_LIMIT, MAX_FOUND } from './limits.js'
import { describe } from './offer.js'
import { type BoxPlace, type BucketPlaces, createPlaces, fromPlace, NOWHERE, type Places } from './places.js'
import type { BucketFrame } from './wire/bucket-replies.js'
import { type BucketPrefix, bucketOf } from './wire/bucket-requests.js'
import type { Description } from './wire/description.js'
import { bucketHint } from './wire/hint.js'
import type { Sha256 } from './wire/work.js'

export interface BucketMailboxContext extends FeedContext {
  readonly buckets: Buckets
  readonly sha256: Sha256
  /** Where boxes are read on from, kept by the application. */
  readonly places?: BucketPlaces | undefined
  /** Tells the relay what may be forgotten; undefined: it is told nothing. */
  readonly acknowledge?: ((box: BoxKey, cursor: number) => void) | undefined
}

interface Watcher {
  readonly box: BoxKey
  place: BoxPlace
  readonly inbox: Inbox<Delivery>
  /** Position of the last frame that was handed over. */
  last: number
}

interface State {
  readonly context: BucketMailboxContext
  readonly places: Places
  readonly watchers: Set<Watcher>
  /** What is being read, by prefix. */
  readonly reading: Map<number, AbortController>
  offer: Promise<Description> | undefined
}

/** The relay has grown or shrunk since it was asked: another number of bits hides as much. */
function bitsChanged(error: unknown): boolean {
  return isHyphaeError(error, 'relay-carrier/bucket-too-small') || isHyphaeError(error, 'relay-carrier/limit')
}

function offerOf(state: State): Promise<Description> {
  state.offer ??= describe(state.context.dialer)
  state.offer.catch(() => {
    state.offer = undefined
  })
  return state.offer
}

async function bitsOf(state: State): Promise<number> {
  return (await offerOf(state)).bucketBits
}

async function placeOf(state: State, box: BoxKey): Promise<BoxPlace> {
  return state.places.of((await offerOf(state)).store, box.id)
}

/** Asks once more when the number of bits has changed, and no more than once. */
async function withBits<T>(state: State, read: (bits: number) => Promise<T>): Promise<T> {
  const before = await bitsOf(state)
  try {
    return await read(before)
  } catch (error) {
    if (!bitsChanged(error)) throw error
    state.offer = undefined
    const now = await bitsOf(state)
    if (now === before) throw error
    return read(now)
  }
}

function isFor({ context }: State, box: Uint8Array, { cursor, hint }: BucketFrame): boolean {
  return equalBytes(bucketHint(box, cursor, context.sha256), hint)
}

function delivery(
  { context, places }: State,
  box: BoxKey,
  place: BoxPlace,
  { cursor, frame }: BucketFrame,
): Delivery {
  const ack = async (): Promise<void> => {
    const news = cursor > place.acked
    await places.acknowledged(place, cursor)
    if (news) context.acknowledge?.(box, cursor)
  }
  return { cursor, frame, ack }
}

async function fetchBox(
  state: State,
  box: BoxKey,
  bits: number,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Delivery[]> {
  const place = await placeOf(state, box)
  const found: Delivery[] = []
  let after = fromPlace(place)
  for (;;) {
    const part = await state.context.buckets.fetch(bucketOf(box.id, bits), {
      after,
      limit: MAX_FOUND,
      ...(signal && { signal }),
    })
    for (const frame of part.frames) {
      if (frame.cursor <= place.acked || !isFor(state, box.id, frame)) continue
      found.push(delivery(state, box, place, frame))
      if (found.length === limit) return found
    }
    after = part.next
    if (part.more) continue
    const last = found.at(-1)
    if (last === undefined) state.places.passed(place, after)
    else state.places.handed(place, last.cursor)
    return found
  }
}

async function handOver(
  state: State,
  members: readonly Watcher[],
  frame: BucketFrame,
  { signal }: AbortController,
): Promise<void> {
  for (const watcher of members) {
    if (frame.cursor <= watcher.last || !isFor(state, watcher.box.id, frame)) continue
    await watcher.inbox.room(MAX_FOUND)
    // A reader that came after this one may have handed it over meanwhile.
    if (signal.aborted || frame.cursor <= watcher.last) continue
    watcher.last = frame.cursor
    state.places.handed(watcher.place, frame.cursor)
    watcher.inbox.push(delivery(state, watcher.box, watcher.place, frame))
  }
  // Not before all had theirs: whoever goes on behind it has nothing to miss.
  if (!signal.aborted) for (const { place } of members) state.places.passed(place, frame.cursor)
}

function membersOf({ watchers }: State, { bits, prefix }: BucketPrefix): Watcher[] {
  return [...watchers].filter(({ box }) => bucketOf(box.id, bits).prefix === prefix)
}

/** Reads the bucket from where the first of its readers has to go on, until nobody wants it or somebody new does. */
async function read(state: State, bucket: BucketPrefix, reading: AbortController): Promise<void> {
  const { buckets, dialer } = state.context
  const members = membersOf(state, bucket)
  const again = (): void => {
    state.offer = undefined
    for (const watcher of members) {
      watcher.inbox.clear()
      watcher.place = NOWHERE
    }
  }
  // Asked for each connection: it may be another relay that answers, with another store.
  const after = async (): Promise<number> => {
    for (const watcher of members) {
      const place = await placeOf(state, watcher.box)
      if (place !== watcher.place) watcher.last = place.acked
      watcher.place = place
    }
    return Math.min(...members.map(({ place }) => fromPlace(place)))
  }
  const follower = { connected: () => {}, disconnected: again }
  dialer.follow(follower)
  try {
    for await (const frame of buckets.watch(bucket, { after, signal: reading.signal }))
      await handOver(state, members, frame, reading)
    // Closed with the carrier.
    if (!reading.signal.aborted) for (const { inbox } of members) inbox.end()
  } catch (error) {
    if (!reading.signal.aborted) await recover(state, bucket, members, error)
  } finally {
    dialer.unfollow(follower)
  }
}

/** Reads all buckets anew under another number of bits, if that is what is wrong. */
async function recover(
  state: State,
  { bits }: BucketPrefix,
  members: readonly Watcher[],
  error: unknown,
): Promise<void> {
  const fail = (why: unknown): void => {
    for (const { inbox } of members) inbox.end(why)
  }
  if (!bitsChanged(error)) return fail(error)
  state.offer = undefined
  const now = await bitsOf(state).catch(() => bits)
  if (now === bits) return fail(error)
  for (const reading of state.reading.values()) reading.abort()
  state.reading.clear()
  for (const { box } of state.watchers) {
    const bucket = bucketOf(box.id, now)
    if (!state.reading.has(bucket.prefix)) start(state, bucket)
  }
}

function start(state: State, bucket: BucketPrefix): void {
  state.reading.get(bucket.prefix)?.abort()
  const reading = new AbortController()
  state.reading.set(bucket.prefix, reading)
  void read(state, bucket, reading)
}

async function join(state: State, watcher: Watcher): Promise<void> {
  const bits = await bitsOf(state)
  if (state.watchers.has(watcher)) start(state, bucketOf(watcher.box.id, bits))
}

function leave(state: State, watcher: Watcher): void {
  state.watchers.delete(watcher)
  void state.offer?.then(
    ({ bucketBits }) => {
      const bucket = bucketOf(watcher.box.id, bucketBits)
      if (membersOf(state, bucket).length > 0) return
      state.reading.get(bucket.prefix)?.abort()
      state.reading.delete(bucket.prefix)
    },
    () => {},
  )
}

function watchBox(state: State, box: BoxKey, signal: AbortSignal | undefined): AsyncIterable<Delivery> {
  return {
    [Symbol.asyncIterator]: () => {
      const forgets: (() => void)[] = []
      const inbox = createInbox<Delivery>(() => {
        for (const forget of forgets.splice(0)) forget()
        leave(state, watcher)
      })
      const watcher: Watcher = { box, place: NOWHERE, inbox, last: 0 }
      const ends = [state.context.dialer.closed, ...(signal === undefined ? [] : [signal])]
      if (ends.some((end) => end.aborted)) inbox.end()
      else {
        for (const end of ends) forgets.push(onAbort(end, () => inbox.end()))
        state.watchers.add(watcher)
        join(state, watcher).catch(inbox.end)
      }
      return inbox[Symbol.asyncIterator]()
    },
  }
}

export function createBucketMailbox(context: BucketMailboxContext): Pick<Mailbox, 'fetch' | 'watch'> {
  const state: State = {
    context,
    places: createPlaces(context.places),
    watchers: new Set(),
    reading: new Map(),
    offer: undefined,
  }
  return {
    fetch: async (box, { limit = DEFAULT_FETCH_LIMIT, signal } = {}) => {
      checkLength(box.id, KEY_BYTES, 'box')
      return withBits(state, (bits) => fetchBox(state, box, bits, limit, signal))
    },
    watch: (box, { signal } = {}) => {
      checkLength(box.id, KEY_BYTES, 'box')
      return watchBox(state, box, signal)
    },
  }
}
