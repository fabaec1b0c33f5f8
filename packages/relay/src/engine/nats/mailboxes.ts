/** Mailboxes of the NATS engine: put, acknowledge, fetch, and buckets. spec/relay-engines.md section 2.1. */
import { systemClock } from '@hyphae/core'
import { type BucketPrefix, DEFAULT_TTL, MAX_FETCH_BYTES } from '@hyphae/transport-relay/wire'
import type { RelayLimits } from '../../limits.js'
import { inBucket } from '../buckets.js'
import { classMs, endOf, type Random } from '../due.js'
import type { BoxFrame, BucketPage, Page, PutOptions, Verdict } from '../engine.js'
import { boxName } from '../keys.js'
import type { Bucket } from './bucket.js'
import type { Buckets } from './buckets.js'
import { type JetStream, unreachable } from './jetstream.js'
import { BEHIND_MS, MAX_RECORD_ENTRIES, PARALLEL_READS, RETRY_MS } from './limits.js'
import { bucketToken, type Subjects } from './names.js'
import { decodeRecord } from './record.js'
import { type BoxState, expire, recordOf, type Waiting } from './state.js'

export interface MailboxContext {
  readonly js: JetStream
  readonly names: Subjects
  readonly buckets: Buckets
  readonly limits: RelayLimits
  readonly random: Random
  now(): number
}

export function putFrame(
  { buckets, limits, random, now }: MailboxContext,
  box: Uint8Array,
  id: Uint8Array,
  frame: Uint8Array,
  { ttl = DEFAULT_TTL, quota = limits.framesPerBox }: PutOptions,
): Promise<Verdict> {
  const at = now()
  return new Promise((resolve, reject) => {
    buckets.submit(bucketToken(box), {
      kind: 'put',
      box,
      id,
      frame,
      idUntil: endOf(at, limits.idLifeMs, limits, random),
      until: endOf(at, classMs(ttl, limits), limits, random),
      quota: Math.min(quota, limits.framesPerBox),
      resolve,
      reject,
    })
  })
}

/** A new leader may not have come to the frame yet that this acknowledges: its silence is not an answer. */
async function awaitRecord(
  { buckets, js, names }: MailboxContext,
  box: Uint8Array,
  cursor: number,
): Promise<void> {
  const bucket = buckets.at(bucketToken(box))
  const { seq } = recordOf(cursor)
  if (bucket.freshAt() !== 0 && bucket.state.last >= seq) return
  await bucket.refresh()
  if (bucket.state.last >= seq || seq > (await js.info(names.mail)).lastSeq) return
  for (const begun = systemClock.now(); systemClock.now() - begun < BEHIND_MS; ) {
    await systemClock.sleep(RETRY_MS)
    await bucket.refresh()
    if (bucket.state.last >= seq) return
  }
}

export async function acknowledge(
  context: MailboxContext,
  box: Uint8Array,
  cursor: number,
): Promise<Verdict> {
  await awaitRecord(context, box, cursor)
  return new Promise((resolve, reject) => {
    context.buckets.submit(bucketToken(box), { kind: 'ack', box, cursor, resolve, reject })
  })
}

interface Place {
  readonly box: BoxState
  readonly waiting: Waiting
}

/** The first that fit one answer. */
function cut(places: readonly Place[], limit: number): Place[] {
  const page: Place[] = []
  let bytes = 0
  for (const place of places.slice(0, limit)) {
    bytes += place.waiting.size
    if (bytes > MAX_FETCH_BYTES && page.length > 0) break
    page.push(place)
  }
  return page
}

async function readRecord(
  { js, names, buckets }: MailboxContext,
  seq: number,
): Promise<Uint8Array | undefined> {
  const held = buckets.records.get(seq)
  if (held !== undefined) return held
  const data = await js.at(names.mail, seq)
  if (data !== undefined) buckets.records.add(seq, data)
  return data
}

/** Each record once, some at a time. */
async function readRecords(
  context: MailboxContext,
  places: readonly Place[],
): Promise<Map<number, Uint8Array | undefined>> {
  const wanted = [...new Set(places.map(({ waiting }) => recordOf(waiting.cursor).seq))]
  const found = new Map<number, Uint8Array | undefined>()
  const work = wanted.values()
  const reader = async (): Promise<void> => {
    for (const seq of work) found.set(seq, await readRecord(context, seq))
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL_READS, wanted.length) }, reader))
  return found
}

/** Undefined: a record was not there. */
async function readFrames(
  context: MailboxContext,
  places: readonly Place[],
): Promise<BoxFrame[] | undefined> {
  const records = await readRecords(context, places)
  const frames: BoxFrame[] = []
  for (const { box, waiting } of places) {
    const { seq, place } = recordOf(waiting.cursor)
    const data = records.get(seq)
    if (data === undefined) return undefined
    const record = decodeRecord(data)
    const entry = record.kind === 'put' ? record.entries[place] : undefined
    if (entry !== undefined) frames.push({ cursor: waiting.cursor, box: box.box, frame: entry.frame })
  }
  return frames
}

interface Chosen {
  readonly page: readonly Place[]
  readonly more: boolean
}

/**
 * A record that is not there was acknowledged and removed meanwhile, or the leader has not come to it yet. To leave
 * it out would hide it for good from a reader that goes on: what these buckets hold is read anew, and what is still
 * missing is an error.
 */
async function readPage(
  context: MailboxContext,
  buckets: readonly Bucket[],
  choose: () => Chosen,
): Promise<Chosen & { readonly frames: BoxFrame[] }> {
  for (let attempt = 0; attempt < 2; attempt++) {
    await freshen(buckets)
    for (const { state } of buckets) expire(state, context.now())
    const chosen = choose()
    const frames = await readFrames(context, chosen.page)
    if (frames !== undefined) return { ...chosen, frames }
    for (const bucket of buckets) bucket.forget()
  }
  throw unreachable()
}

function placesOf(box: BoxState, after: number): Place[] {
  return box.waiting.filter(({ cursor }) => cursor > after).map((waiting) => ({ box, waiting }))
}

async function freshen(buckets: readonly Bucket[]): Promise<void> {
  const work = buckets.values()
  const reader = async (): Promise<void> => {
    for (const bucket of work) await bucket.refresh()
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL_READS, buckets.length) }, reader))
}

export async function fetchPage(
  context: MailboxContext,
  box: Uint8Array,
  after: number,
  limit: number,
): Promise<Page> {
  const bucket = context.buckets.at(bucketToken(box))
  const { frames, more } = await readPage(context, [bucket], () => {
    const held = bucket.state.boxes.get(boxName(box))
    const places = held === undefined ? [] : placesOf(held, after)
    const page = cut(places, limit)
    return { page, more: places.length > page.length }
  })
  return { more, deliveries: frames }
}

const TOKEN_BITS = 16

function tokenOf(place: number): string {
  return place.toString(16).padStart(TOKEN_BITS / 4, '0')
}

/** The logs that hold boxes of the bucket: one, or those of a wider bucket that are there. */
async function tokensOf({ js, names }: MailboxContext, { bits, prefix }: BucketPrefix): Promise<string[]> {
  if (bits >= TOKEN_BITS) return [tokenOf(Math.floor(prefix / 2 ** (bits - TOKEN_BITS)))]
  const subjects = await js.subjects(names.mail, names.bucket('*'))
  const spread = 2 ** (TOKEN_BITS - bits)
  const first = prefix * spread
  return [...subjects.keys()]
    .map((subject) => names.keyOf(subject))
    .filter((token) => {
      const place = Number.parseInt(token, 16)
      return place >= first && place < first + spread
    })
}

export async function bucketPage(
  context: MailboxContext,
  wanted: BucketPrefix,
  after: number,
  limit: number,
): Promise<BucketPage> {
  const { js, names } = context
  // Logs are read one after another: what came later than this would overtake what came into one read earlier.
  const end = wanted.bits >= TOKEN_BITS ? Number.MAX_SAFE_INTEGER : (await js.info(names.mail)).lastSeq
  const tokens = await tokensOf(context, wanted)
  const buckets = tokens.map((token) => context.buckets.at(token))
  const { frames, page, more } = await readPage(context, buckets, () => {
    const places = buckets
      .flatMap(({ state }) => [...state.boxes])
      .flatMap(([name, box]) => (inBucket(name, wanted) ? placesOf(box, after) : []))
      .filter(({ waiting }) => waiting.cursor / MAX_RECORD_ENTRIES < end + 1)
    places.sort((a, b) => a.waiting.cursor - b.waiting.cursor)
    const first = cut(places, limit)
    return { page: first, more: places.length > first.length }
  })
  return { more, next: page.at(-1)?.waiting.cursor ?? after, frames }
}
