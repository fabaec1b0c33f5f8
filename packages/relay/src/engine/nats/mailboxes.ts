/** Mailboxes of the NATS engine: put, acknowledge, fetch, and buckets. spec/relay-engines.md section 2.1. */
import { systemClock } from '@hyphae/core'
import { type BucketPrefix, DEFAULT_TTL, MAX_FETCH_BYTES } from '@hyphae/transport-relay/wire'
import type { RelayLimits } from '../../limits.js'
import { inBucket } from '../buckets.js'
import { classMs, endOf, type Random } from '../due.js'
import type { BoxFrame, BucketPage, Page, PutOptions, Verdict } from '../engine.js'
import { binary, boxName } from '../keys.js'
import type { Bucket } from './bucket.js'
import type { Buckets } from './buckets.js'
import type { JetStream } from './jetstream.js'
import type { Layout, Layouts } from './layout.js'
import { BEHIND_MS, OLD_LOG_AGE_MS, PARALLEL_READS, RETRY_MS } from './limits.js'
import { logToken, type Subjects } from './names.js'
import { framesOf } from './record.js'
import { unreachable } from './requests.js'
import { type BoxState, expire, isRepeated, recordOf, type Waiting } from './state.js'

export interface MailboxContext {
  readonly js: JetStream
  readonly names: Subjects
  readonly buckets: Buckets
  readonly layouts: Layouts
  readonly limits: RelayLimits
  readonly random: Random
  now(): number
}

/** Frames of the box in logs that are not written any more; undefined: one of them has this id. */
async function waitingElsewhere(
  { buckets, now }: MailboxContext,
  { digits, read }: Layout,
  box: Uint8Array,
  idName: string,
): Promise<number | undefined> {
  let waiting = 0
  for (const other of read) {
    if (other === digits) continue
    const bucket = buckets.at(logToken(box, other))
    // Nobody puts there: what has changed since is that frames have gone.
    if (systemClock.now() - bucket.freshAt() > OLD_LOG_AGE_MS) await bucket.refresh()
    const held = bucket.state.boxes.get(boxName(box))
    if (isRepeated(held, idName, now())) return undefined
    waiting += held?.waiting.length ?? 0
  }
  return waiting
}

export function putFrame(
  context: MailboxContext,
  box: Uint8Array,
  id: Uint8Array,
  frame: Uint8Array,
  options: PutOptions,
): Promise<Verdict> {
  const layout = context.layouts.current()
  // The usual case waits for nothing: a promise less for each frame.
  if (!(layout instanceof Promise) && layout.read.length === 1)
    return submitPut(context, layout, { box, id, frame, options, elsewhere: 0 })
  return putAmongLogs(context, layout, { box, id, frame, options })
}

interface Put {
  readonly box: Uint8Array
  readonly id: Uint8Array
  readonly frame: Uint8Array
  readonly options: PutOptions
}

async function putAmongLogs(
  context: MailboxContext,
  known: Layout | Promise<Layout>,
  put: Put,
): Promise<Verdict> {
  const layout = await known
  const elsewhere = await waitingElsewhere(context, layout, put.box, binary(put.id))
  return elsewhere === undefined ? null : submitPut(context, layout, { ...put, elsewhere })
}

/** `elsewhere`: frames of the box that wait in other logs. */
function submitPut(
  { buckets, limits, random, now }: MailboxContext,
  { digits }: Layout,
  { box, id, frame, options, elsewhere }: Put & { readonly elsewhere: number },
): Promise<Verdict> {
  const { ttl = DEFAULT_TTL, quota = limits.framesPerBox } = options
  const at = now()
  return new Promise((resolve, reject) => {
    buckets.submit(logToken(box, digits), {
      kind: 'put',
      box,
      id,
      name: boxName(box),
      idName: binary(id),
      frame,
      idUntil: endOf(at, limits.idLifeMs, limits, random),
      until: endOf(at, classMs(ttl, limits), limits, random),
      quota: Math.min(quota, limits.framesPerBox) - elsewhere,
      resolve,
      reject,
    })
  })
}

function logsOf({ buckets }: MailboxContext, { read }: Layout, box: Uint8Array): Bucket[] {
  return read.map((digits) => buckets.at(logToken(box, digits)))
}

function has(logs: readonly Bucket[], seq: number): boolean {
  return logs.some((log) => log.freshAt() !== 0 && log.state.last >= seq)
}

/** A new leader may not have come to the frame yet that this acknowledges: its silence is not an answer. */
async function awaitRecord({ js, names }: MailboxContext, logs: readonly Bucket[], cursor: number) {
  const { seq } = recordOf(cursor)
  if (has(logs, seq)) return
  await freshen(logs)
  if (has(logs, seq) || seq > (await js.info(names.mail)).lastSeq) return
  for (const begun = systemClock.now(); systemClock.now() - begun < BEHIND_MS; ) {
    await systemClock.sleep(RETRY_MS)
    await freshen(logs)
    if (has(logs, seq)) return
  }
}

export async function acknowledge(
  context: MailboxContext,
  box: Uint8Array,
  cursor: number,
): Promise<Verdict> {
  const layout = await context.layouts.current()
  await awaitRecord(context, logsOf(context, layout, box), cursor)
  const verdicts = layout.read.map(
    (digits) =>
      new Promise<Verdict>((resolve, reject) => {
        const change = { kind: 'ack', box, name: boxName(box), cursor, resolve, reject } as const
        context.buckets.submit(logToken(box, digits), change)
      }),
  )
  return (await Promise.all(verdicts)).find((verdict) => verdict !== null) ?? null
}

/** The box has had the id, whichever relay stored it. */
export async function isStored(context: MailboxContext, box: Uint8Array, id: Uint8Array): Promise<boolean> {
  const logs = logsOf(context, await context.layouts.current(), box)
  await freshen(logs)
  return logs.some(({ state }) => isRepeated(state.boxes.get(boxName(box)), binary(id), context.now()))
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

async function readFramesOf({ js, names, buckets }: MailboxContext, seq: number) {
  const held = buckets.records.get(seq)
  if (held !== undefined) return framesOf(held)
  const data = await js.at(names.mail, seq)
  if (data === undefined) return undefined
  buckets.records.add(seq, data)
  return framesOf(data)
}

/** Each record once, some at a time. */
async function readRecords(
  context: MailboxContext,
  places: readonly Place[],
): Promise<Map<number, Uint8Array[] | undefined>> {
  const wanted = [...new Set(places.map(({ waiting }) => recordOf(waiting.cursor).seq))]
  const found = new Map<number, Uint8Array[] | undefined>()
  const work = wanted.values()
  const reader = async (): Promise<void> => {
    for (const seq of work) found.set(seq, await readFramesOf(context, seq))
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
    const record = records.get(seq)
    if (record === undefined) return undefined
    const frame = record[place]
    if (frame !== undefined) frames.push({ cursor: waiting.cursor, box: box.box, frame })
  }
  return frames
}

interface Chosen {
  readonly page: readonly Place[]
  readonly more: boolean
}

/**
 * A record that is not there was acknowledged and removed meanwhile, or the leader has not come to it yet. To leave
 * it out would hide it for good from a reader that goes on: what these logs hold is read anew, and what is still
 * missing is an error.
 */
async function readPage(
  context: MailboxContext,
  logs: readonly Bucket[],
  choose: () => Chosen,
): Promise<Chosen & { readonly frames: BoxFrame[] }> {
  for (let attempt = 0; attempt < 2; attempt++) {
    await freshen(logs)
    for (const { state } of logs) expire(state, context.now())
    const chosen = choose()
    const frames = await readFrames(context, chosen.page)
    if (frames !== undefined) return { ...chosen, frames }
    for (const log of logs) log.forget()
  }
  throw unreachable()
}

async function freshen(logs: readonly Bucket[]): Promise<void> {
  const work = logs.values()
  const reader = async (): Promise<void> => {
    for (const log of work) await log.refresh()
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL_READS, logs.length) }, reader))
}

/** Two relays that divide mail differently for a moment may both have stored a frame: the first one counts. */
function isDouble(logs: readonly Bucket[], name: string, { id, cursor }: Waiting): boolean {
  return logs.some(({ state }) => (state.boxes.get(name)?.ids.get(id)?.cursor ?? cursor) < cursor)
}

/** Frames behind `after` in the boxes, over all logs, oldest first. */
function choose(
  logs: readonly Bucket[],
  boxesOf: (log: Bucket) => Iterable<readonly [string, BoxState]>,
  { after, end, limit }: { after: number; end: number; limit: number },
): Chosen {
  const places: Place[] = []
  for (const log of logs)
    for (const [name, box] of boxesOf(log))
      for (const waiting of box.waiting) {
        if (waiting.cursor <= after || recordOf(waiting.cursor).seq > end) continue
        if (logs.length === 1 || !isDouble(logs, name, waiting)) places.push({ box, waiting })
      }
  if (logs.length > 1 || places.length > 1) places.sort((a, b) => a.waiting.cursor - b.waiting.cursor)
  const page = cut(places, limit)
  return { page, more: places.length > page.length }
}

/** Again when mail was divided anew meanwhile: there may be a log that was not read. */
async function byLayout<T>(context: MailboxContext, read: (layout: Layout) => Promise<T>): Promise<T> {
  for (;;) {
    const layout = await context.layouts.current()
    const result = await read(layout)
    if ((await context.layouts.current()) === layout) return result
  }
}

/**
 * Logs are read one after another: what came later than this into one would overtake what came into one read earlier.
 */
async function endOfMail({ js, names }: MailboxContext): Promise<number> {
  return (await js.info(names.mail)).lastSeq
}

export function fetchPage(
  context: MailboxContext,
  box: Uint8Array,
  after: number,
  limit: number,
): Promise<Page> {
  const name = boxName(box)
  return byLayout(context, async (layout) => {
    const logs = logsOf(context, layout, box)
    const end = logs.length === 1 ? Number.MAX_SAFE_INTEGER : await endOfMail(context)
    const { frames, more } = await readPage(context, logs, () =>
      choose(
        logs,
        ({ state }) => {
          const held = state.boxes.get(name)
          return held === undefined ? [] : [[name, held]]
        },
        { after, end, limit },
      ),
    )
    return { more, deliveries: frames }
  })
}

const BITS_A_DIGIT = 4

/** The logs that hold boxes of the bucket: one of each division, or those of a wider bucket that are there. */
async function tokensOf(
  { js, names }: MailboxContext,
  { read }: Layout,
  { bits, prefix }: BucketPrefix,
): Promise<string[]> {
  const single = read.filter((digits) => digits * BITS_A_DIGIT <= bits)
  const tokens = single.map((digits) =>
    Math.floor(prefix / 2 ** (bits - digits * BITS_A_DIGIT))
      .toString(16)
      .padStart(digits, '0'),
  )
  if (single.length === read.length) return tokens
  const subjects = await js.subjects(names.mail, names.bucket('*'))
  for (const subject of subjects.keys()) {
    const token = names.keyOf(subject)
    const spread = 2 ** (token.length * BITS_A_DIGIT - bits)
    if (spread <= 1 || !read.includes(token.length)) continue
    if (Math.floor(Number.parseInt(token, 16) / spread) === prefix) tokens.push(token)
  }
  return tokens
}

export function bucketPage(
  context: MailboxContext,
  wanted: BucketPrefix,
  after: number,
  limit: number,
): Promise<BucketPage> {
  return byLayout(context, async (layout) => {
    const alone = layout.read.length === 1 && layout.digits * BITS_A_DIGIT <= wanted.bits
    const end = alone ? Number.MAX_SAFE_INTEGER : await endOfMail(context)
    const logs = (await tokensOf(context, layout, wanted)).map((token) => context.buckets.at(token))
    const { frames, page, more } = await readPage(context, logs, () =>
      choose(logs, ({ state }) => [...state.boxes].filter(([name]) => inBucket(name, wanted)), {
        after,
        end,
        limit,
      }),
    )
    return { more, next: page.at(-1)?.waiting.cursor ?? after, frames }
  })
}
