/** Figures of what is stored, counted by the server now and then. */
import { systemClock } from '@hyphae/core'
import type { Pool } from 'pg'
import type { BlobStore } from '../blob-store.js'
import type { EngineStats } from '../engine.js'
import { ROW_BYTES, STATS_AGE_MS } from './limits.js'

interface Row {
  readonly size: keyof EngineStats['frames']
  readonly count: string
}

interface Totals {
  readonly boxes: string
  readonly records: string
  readonly items: string
  readonly bytes: string
}

async function count(pool: Pool, blobs: BlobStore, now: number): Promise<EngineStats> {
  const [sizes, totals, stored] = await Promise.all([
    pool.query<Row>(
      'SELECT length(frame) AS size, count(*) AS count FROM frames WHERE until > $1 GROUP BY 1',
      [now],
    ),
    pool.query<Totals>(
      `SELECT (SELECT count(*) FROM boxes WHERE waiting > 0) AS boxes, (SELECT count(*) FROM records) AS records,
         (SELECT count(*) FROM items) AS items,
         (SELECT coalesce(sum(length(record)), 0) FROM records) + (SELECT coalesce(sum(length(item)), 0) FROM items)
           AS bytes`,
    ),
    blobs.counts(),
  ])
  const frames = { 128: 0, 512: 0, 2048: 0, 4096: 0 }
  for (const { size, count: number } of sizes.rows) frames[size] = Number(number)
  const [total] = totals.rows
  const frameBytes = Object.entries(frames).reduce((sum, [size, number]) => sum + Number(size) * number, 0)
  return {
    frames,
    boxes: Number(total?.boxes),
    records: Number(total?.records),
    items: Number(total?.items),
    blobs: stored.blobs,
    bytes: frameBytes + Number(total?.bytes) + stored.bytes,
  }
}

const ON_DISK = `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) AS bytes FROM pg_class c
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'`

const IN_ROWS = `SELECT (SELECT coalesce(sum(length(frame)), 0) FROM frames)
  + (SELECT coalesce(sum(length(record)), 0) FROM records) + (SELECT coalesce(sum(length(item)), 0) FROM items)
  + (SELECT coalesce(sum(length(last_resort)), 0) FROM stocks)
  + (SELECT coalesce(sum(length(entry)), 0) FROM entries)
  + (SELECT coalesce(sum(length(value)), 0) FROM terms) + (SELECT coalesce(sum(length(data)), 0) FROM blobs)
  + ${ROW_BYTES} * ((SELECT count(*) FROM ids) + (SELECT count(*) FROM spends) + (SELECT count(*) FROM logs)) AS bytes`

/**
 * Bytes of everything in the tables. The files say it at once and are believed while they are below `most`; above it
 * rows are counted, since files keep the room of what was removed for what comes.
 */
export async function storedBytes(pool: Pool, most: number): Promise<number> {
  const onDisk = await pool.query<{ bytes: string }>(ON_DISK)
  const bytes = Number(onDisk.rows[0]?.bytes)
  if (bytes <= most) return bytes
  const inRows = await pool.query<{ bytes: string }>(IN_ROWS)
  return Number(inRows.rows[0]?.bytes)
}

export function createStats(pool: Pool, blobs: BlobStore, now: () => number): () => Promise<EngineStats> {
  let held: Promise<EngineStats> | undefined
  let countedAt = 0
  return () => {
    if (held === undefined || systemClock.now() - countedAt > STATS_AGE_MS) {
      countedAt = systemClock.now()
      held = count(pool, blobs, now())
      held.catch(() => {
        held = undefined
      })
    }
    return held
  }
}
