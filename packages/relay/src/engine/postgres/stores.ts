/** Logs, directory, stocks and terms of the PostgreSQL engine. spec/relay-engines.md section 3.3. */
import { type DirectoryRecord, equalBytes, type StockUpload, systemClock } from '@hyphae/core'
import { decodeDirectoryRecord, encodeDirectoryRecord } from '@hyphae/tlv'
import {
  type BoxTerms,
  type BucketPrefix,
  MAX_LOG_PAGE_BYTES,
  MAX_WRITERS,
  type TtlClass,
} from '@hyphae/transport-relay/wire'
import { BOX_FULL_RETRY_MS, MAX_CACHED_TERMS, MAX_STOCK_ITEMS, RECORD_READ } from '../../limits.js'
import { classMs, endOf } from '../due.js'
import {
  type LogConflict,
  type LogPage,
  type RecordPage,
  type RecordPlace,
  refuse,
  type Taken,
  type Verdict,
} from '../engine.js'
import { boxName } from '../keys.js'
import { addressRange, cutPage } from '../record-page.js'
import { decodeTerms, encodeTerms } from '../terms-value.js'
import { persist } from './connection.js'
import { TERMS_AGE_MS } from './limits.js'
import { endsOf, type MailboxContext } from './mailboxes.js'

type Context = Pick<MailboxContext, 'pool' | 'limits' | 'random' | 'now'>

export async function appendEntry(
  { pool, limits, random, now }: Context,
  log: Uint8Array,
  place: number,
  entry: Uint8Array,
  ttl: TtlClass,
): Promise<LogConflict | Verdict> {
  const at = now()
  const until = endOf(at, classMs(ttl, limits), limits, random)
  const { rows } = await persist(() =>
    pool.query<{ next: string | null }>('SELECT append_entry($1, $2, $3, $4, $5, $6, $7) AS next', [
      Buffer.from(log),
      place,
      Buffer.from(entry),
      until,
      at,
      limits.logEntries,
      limits.logBytes,
    ]),
  )
  const next = rows[0]?.next
  if (next === null || next === undefined) return null
  const held = await pool.query<{ entry: Buffer }>(
    'SELECT entry FROM entries WHERE log = $1 AND place = $2',
    [Buffer.from(log), place],
  )
  const there = Number(next) === 0 ? undefined : held.rows[0]?.entry
  return there !== undefined && equalBytes(there, entry) ? null : { next: Number(next), entry: there }
}

const NO_LOG: LogPage = { from: 0, next: 0, entries: [] }

export async function readEntries(
  { pool, now }: Context,
  log: Uint8Array,
  from: number,
  limit: number,
): Promise<LogPage> {
  const key = Buffer.from(log)
  const head = await pool.query<{ first: string; next: string }>(
    'SELECT first, next FROM logs WHERE log = $1 AND until > $2',
    [key, now()],
  )
  const held = head.rows[0]
  if (held === undefined) return NO_LOG
  const begin = Math.min(Math.max(from, Number(held.first)), Number(held.next))
  const { rows } = await pool.query<{ place: string; entry: Buffer }>(
    `SELECT place, entry FROM (
       SELECT place, entry, sum(length(entry)) OVER (ORDER BY place) AS total FROM (
         SELECT place, entry FROM entries WHERE log = $1 AND place >= $2 AND place < $3 ORDER BY place LIMIT $4
       ) AS page
     ) AS counted WHERE total <= $5 OR place = $2 ORDER BY place`,
    [key, begin, held.next, limit, MAX_LOG_PAGE_BYTES],
  )
  // Trimmed between the two statements: the reader is told where what is left begins.
  const first = rows[0] === undefined ? begin : Number(rows[0].place)
  return { from: first, next: Number(held.next), entries: rows.map(({ entry }) => entry) }
}

export async function publishRecord({ pool }: Context, record: DirectoryRecord): Promise<Verdict> {
  const { rows } = await persist(() =>
    pool.query<{ outcome: string }>('SELECT publish_record($1, $2, $3, $4, $5) AS outcome', [
      Buffer.from(record.address),
      Buffer.from(record.writer),
      record.sequence,
      Buffer.from(encodeDirectoryRecord(record)),
      MAX_WRITERS,
    ]),
  )
  const outcome = rows[0]?.outcome
  if (outcome === 'stale') return refuse('stale')
  return outcome === 'full' ? refuse('address-full') : null
}

export async function lookupRecords({ pool }: Context, address: Uint8Array): Promise<DirectoryRecord[]> {
  const { rows } = await pool.query<{ record: Buffer }>({
    name: 'lookup',
    text: 'SELECT record FROM records WHERE address = $1 ORDER BY slot',
    values: [Buffer.from(address)],
  })
  return rows.map(({ record }) => decodeDirectoryRecord(record))
}

/** By address and slot, which is their key. */
export async function recordsOf(
  { pool }: Context,
  bucket: BucketPrefix,
  after: RecordPlace | undefined,
  limit: number,
): Promise<RecordPage> {
  const { first, last } = addressRange(bucket)
  const count = Math.min(limit, RECORD_READ)
  const { rows } = await pool.query<{ address: Buffer; slot: number; record: Buffer }>({
    name: 'records',
    text: `SELECT address, slot, record FROM records
      WHERE (address, slot) > ($1, $2::smallint) AND address <= $3 ORDER BY address, slot LIMIT $4`,
    values: [Buffer.from(after?.address ?? first), after?.slot ?? -1, last, count + 1],
  })
  const found = rows.map(({ address, slot, record }) => ({
    address,
    slot,
    record: decodeDirectoryRecord(record),
  }))
  return cutPage(found, count, false)
}

export async function storeUpload({ pool }: Context, upload: StockUpload): Promise<Verdict> {
  const { rows } = await persist(() =>
    pool.query<{ outcome: string }>('SELECT store_upload($1, $2, $3, $4, $5, $6, $7, $8, $9) AS outcome', [
      Buffer.from(upload.writer),
      upload.kind,
      upload.sequence,
      Buffer.from(upload.signature),
      Buffer.from(upload.lastResort),
      upload.replace,
      Buffer.concat(upload.items),
      endsOf(upload.items),
      MAX_STOCK_ITEMS,
    ]),
  )
  const outcome = rows[0]?.outcome
  if (outcome === 'stale') return refuse('stale')
  return outcome === 'full' ? refuse('stock-full', BOX_FULL_RETRY_MS) : null
}

const NOTHING = new Uint8Array(0)

/** Not tried again: an item that was taken and not heard of is gone, and a second one would be taken for it. */
export async function takeItem({ pool }: Context, writer: Uint8Array, kind: number): Promise<Taken> {
  const { rows } = await pool.query<{ one_time: boolean; taken: Buffer }>('SELECT * FROM take_item($1, $2)', [
    Buffer.from(writer),
    kind,
  ])
  const row = rows[0]
  if (row === undefined || (!row.one_time && row.taken.length === 0)) return { found: 'none', item: NOTHING }
  return { found: row.one_time ? 'one-time' : 'last-resort', item: row.taken }
}

export async function remainingItems({ pool }: Context, writer: Uint8Array, kind: number): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(
    'SELECT count(*) AS count FROM items WHERE writer = $1 AND kind = $2',
    [Buffer.from(writer), kind],
  )
  return Number(rows[0]?.count)
}

type Found = BoxTerms | undefined

export interface Terms {
  get(box: Uint8Array): Found | Promise<Found>
  set(box: Uint8Array, terms: BoxTerms): Promise<void>
}

/** Asked for before every put: held in memory for a minute. */
export function createTerms({ pool, limits, now }: Context): Terms {
  const held = new Map<string, { terms: Found; readAt: number }>()
  const hold = (name: string, terms: Found): void => {
    held.delete(name)
    held.set(name, { terms, readAt: systemClock.now() })
    if (held.size > MAX_CACHED_TERMS) held.delete(held.keys().next().value as string)
  }
  const read = async (box: Uint8Array, name: string): Promise<Found> => {
    const { rows } = await pool.query<{ value: Buffer }>({
      name: 'terms',
      text: 'SELECT value FROM terms WHERE box = $1 AND until > $2',
      values: [Buffer.from(box), now()],
    })
    const terms = rows[0] === undefined ? undefined : decodeTerms(rows[0].value).terms
    hold(name, terms)
    return terms
  }
  return {
    get: (box) => {
      const name = boxName(box)
      const known = held.get(name)
      if (known !== undefined && systemClock.now() - known.readAt < TERMS_AGE_MS) return known.terms
      return read(box, name)
    },
    set: async (box, terms) => {
      const until = now() + limits.termsLifeMs
      await persist(() =>
        pool.query(
          `INSERT INTO terms VALUES ($1, $2, $3)
           ON CONFLICT (box) DO UPDATE SET value = excluded.value, until = excluded.until`,
          [Buffer.from(box), Buffer.from(encodeTerms(until, terms)), until],
        ),
      )
      hold(boxName(box), terms)
    },
  }
}
