/** Figures of what is stored, counted by the server now and then. */
import { systemClock } from '@hyphae/core'
import type { Pool } from 'pg'
import type { BlobStore } from '../blob-store.js'
import type { EngineStats } from '../engine.js'
import { STATS_AGE_MS } from './limits.js'

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
