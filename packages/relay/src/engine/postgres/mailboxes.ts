/** Mailboxes of the PostgreSQL engine: put, acknowledge, fetch, buckets. spec/relay-engines.md section 3.2. */
import { type BucketPrefix, DEFAULT_TTL, MAX_FETCH_BYTES } from '@hyphae/transport-relay/wire'
import type { Pool } from 'pg'
import { BOX_FULL_RETRY_MS, type RelayLimits } from '../../limits.js'
import { classMs, endOf, type Random } from '../due.js'
import {
  type BoxFrame,
  type BucketPage,
  type Page,
  type PutOptions,
  refuse,
  type Verdict,
} from '../engine.js'
import { persist } from './connection.js'
import { FLOOR_BASE } from './functions.js'
import { dayOf, type Partitions } from './partitions.js'

export interface MailboxContext {
  readonly pool: Pool
  readonly partitions: Partitions
  readonly limits: RelayLimits
  readonly random: Random
  /** Channel for hints, and what marks this process's own. */
  readonly channel: string
  readonly tag: string
  now(): number
}

export interface Put {
  readonly box: Uint8Array
  readonly id: Uint8Array
  readonly frame: Uint8Array
  readonly until: number
  readonly idUntil: number
  readonly quota: number
}

export interface Ack {
  readonly box: Uint8Array
  readonly cursor: number
}

export function putOf(
  { limits, random, now }: MailboxContext,
  box: Uint8Array,
  id: Uint8Array,
  frame: Uint8Array,
  { ttl = DEFAULT_TTL, quota = limits.framesPerBox }: PutOptions,
): Put {
  const at = now()
  return {
    box,
    id,
    frame,
    until: endOf(at, classMs(ttl, limits), limits, random),
    idUntil: endOf(at, limits.idLifeMs, limits, random),
    quota: Math.min(quota, limits.framesPerBox),
  }
}

/** Where each part ends in their concatenation. */
export function endsOf(parts: readonly Uint8Array[]): number[] {
  let end = 0
  return parts.map(({ length }) => {
    end += length
    return end
  })
}

/** Places, from 1, of what full boxes refused. */
async function putAll(context: MailboxContext, puts: readonly Put[]): Promise<number[]> {
  const { pool, partitions, channel, tag, now } = context
  await partitions.ensure(new Set(puts.map(({ until }) => dayOf(until))))
  const frames = puts.map(({ frame }) => frame)
  const { rows } = await pool.query<{ refused: number[] }>({
    name: 'put',
    text: 'SELECT put_frames($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS refused',
    values: [
      Buffer.concat(puts.map(({ box }) => box)),
      Buffer.concat(puts.map(({ id }) => id)),
      Buffer.concat(frames),
      endsOf(frames),
      puts.map(({ until }) => until),
      puts.map(({ idUntil }) => idUntil),
      puts.map(({ quota }) => quota),
      now(),
      channel,
      tag,
    ],
  })
  return rows[0]?.refused ?? []
}

/** True when there was something to drop. */
async function makeRoom({ pool, now }: MailboxContext, puts: readonly Put[]): Promise<boolean> {
  const boxes = Buffer.concat(puts.map(({ box }) => box))
  const { rows } = await pool.query<{ dropped: string }>('SELECT drop_expired($1, $2, $3) AS dropped', [
    boxes,
    puts.length,
    now(),
  ])
  return Number(rows[0]?.dropped) > 0
}

/** What a full box refuses is tried once more when frames in it have expired: they are counted until swept. */
export async function commitPuts(context: MailboxContext, puts: readonly Put[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = puts.map(() => null)
  const full = (await persist(() => putAll(context, puts))).map((place) => place - 1)
  if (full.length === 0) return verdicts
  const again = full.map((place) => puts[place] as Put)
  const roomMade = await persist(() => makeRoom(context, again))
  const still = roomMade ? await persist(() => putAll(context, again)) : again.map((_, i) => i + 1)
  for (const place of still) verdicts[full[place - 1] as number] = refuse('box-full', BOX_FULL_RETRY_MS)
  return verdicts
}

export async function commitAcks({ pool, now }: MailboxContext, acks: readonly Ack[]): Promise<Verdict[]> {
  await persist(() =>
    pool.query({
      name: 'ack',
      text: 'SELECT ack_frames($1, $2, $3)',
      values: [Buffer.concat(acks.map(({ box }) => box)), acks.map(({ cursor }) => cursor), dayOf(now())],
    }),
  )
  return acks.map(() => null)
}

export async function putWithSpend(
  context: MailboxContext,
  put: Put,
  spend: NonNullable<PutOptions['spend']>,
): Promise<Verdict> {
  const { pool, partitions, channel, tag, now } = context
  const outcome = await persist(async () => {
    await partitions.ensure([dayOf(put.until)])
    const { rows } = await pool.query<{ outcome: string }>(
      'SELECT put_paid($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS outcome',
      [
        ...[put.box, put.id, put.frame].map((part) => Buffer.from(part)),
        ...[put.until, put.idUntil, put.quota, now(), channel, tag],
        ...[Buffer.from(spend.name), spend.most, spend.until],
      ],
    )
    return rows[0]?.outcome
  })
  if (outcome === 'spent') return refuse('ticket-spent')
  return outcome === 'full' ? refuse('box-full', BOX_FULL_RETRY_MS) : null
}

interface FrameRow {
  readonly seq: string
  readonly box: Buffer
  readonly frame: Buffer
}

/** Rows that fit one answer; one more row than asked for says that there is more. */
function cut(rows: readonly FrameRow[], limit: number): { frames: BoxFrame[]; more: boolean } {
  const frames: BoxFrame[] = []
  let bytes = 0
  for (const { seq, box, frame } of rows) {
    bytes += frame.length
    if (frames.length === limit || (bytes > MAX_FETCH_BYTES && frames.length > 0))
      return { frames, more: true }
    frames.push({ cursor: Number(seq), box, frame })
  }
  return { frames, more: false }
}

/** Rows read for one answer: half of it, if all were of the largest size. */
const ROWS_AT_ONCE = 1_024

export async function fetchPage(
  { pool, now }: MailboxContext,
  box: Uint8Array,
  after: number,
  limit: number,
): Promise<Page> {
  const at = now()
  const wanted = Math.min(limit, ROWS_AT_ONCE)
  const { rows } = await pool.query<FrameRow>({
    name: 'fetch',
    text: `SELECT seq, box, frame FROM frames
           WHERE box = $1 AND seq > $2 AND until > $3 AND day >= $4 ORDER BY seq LIMIT $5`,
    values: [Buffer.from(box), after, at, dayOf(at), wanted + 1],
  })
  const { frames, more } = cut(rows, wanted)
  return { more, deliveries: frames }
}

/** The ids of a bucket's boxes lie between these; the upper end is open, or undefined at the end of the space. */
export function rangeOf({ bits, prefix }: BucketPrefix): { from: Buffer; to: Buffer | undefined } {
  const ends = [prefix, prefix + 1].map((value) => {
    const bytes = Buffer.alloc(32)
    bytes.writeUInt32BE(bits === 0 ? 0 : (value * 2 ** (32 - bits)) % 2 ** 32)
    return bytes
  }) as [Buffer, Buffer]
  return { from: ends[0], to: prefix + 1 === 2 ** bits ? undefined : ends[1] }
}

/** Nothing at or below it is still to come: frames of different boxes are committed out of order. */
async function horizon(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ last: string }>('SELECT last_value AS last FROM frame_seq')
  const last = rows[0]?.last ?? '0'
  const held = await pool.query<{ floor: string | null }>(
    `SELECT min((classid::bigint << 32) + objid::bigint - $1::bigint) AS floor FROM pg_locks
     WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = $1::bigint >> 48
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [FLOOR_BASE.toString()],
  )
  const floor = held.rows[0]?.floor
  return floor === null || floor === undefined || Number(floor) > Number(last) ? last : floor
}

export async function bucketPage(
  { pool, now }: MailboxContext,
  bucket: BucketPrefix,
  after: number,
  limit: number,
): Promise<BucketPage> {
  const end = await horizon(pool)
  const at = now()
  const { from, to } = rangeOf(bucket)
  const wanted = Math.min(limit, ROWS_AT_ONCE)
  const { rows } = await pool.query<FrameRow>(
    `SELECT seq, box, frame FROM frames WHERE box >= $1 AND ($2::bytea IS NULL OR box < $2)
       AND seq > $3 AND seq <= $4 AND until > $5 AND day >= $6 ORDER BY seq LIMIT $7`,
    [from, to ?? null, after, end, at, dayOf(at), wanted + 1],
  )
  const { frames, more } = cut(rows, wanted)
  return { more, next: frames.at(-1)?.cursor ?? after, frames }
}
