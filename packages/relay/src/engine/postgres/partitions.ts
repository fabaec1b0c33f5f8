/** Partitions of frames, one a day of expiry: made before they are needed, dropped when their day is over. */
import type { Pool } from 'pg'

export const DAY_MS = 86_400_000

export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS)
}

export interface Partitions {
  /** Makes those of the days that are not there yet. */
  ensure(days: Iterable<number>): Promise<void>
  /** Drops those of the days before this one. */
  drop(before: number): Promise<void>
}

/** Other than that of migrations: making one waits for nobody but another maker. */
const PARTITION_LOCK = 4_801_620_002

async function make(pool: Pool, day: number): Promise<void> {
  await pool.query(
    `BEGIN; SELECT pg_advisory_xact_lock(${PARTITION_LOCK});
     CREATE TABLE IF NOT EXISTS frames_${day} PARTITION OF frames FOR VALUES IN (${day}); COMMIT`,
  )
}

/** Its frames were counted in their boxes: rows are locked in order, as by those who put. */
async function drop(pool: Pool, name: string): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(`SELECT pg_advisory_xact_lock(${PARTITION_LOCK})`)
    await client.query(`SELECT 1 FROM boxes WHERE box IN (SELECT box FROM ${name}) ORDER BY box FOR UPDATE`)
    await client.query(
      `UPDATE boxes SET waiting = waiting - counted.n
       FROM (SELECT box, count(*) AS n FROM ${name} GROUP BY box) AS counted WHERE boxes.box = counted.box`,
    )
    await client.query(`DROP TABLE ${name}`)
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}

export function createPartitions(pool: Pool): Partitions {
  const known = new Set<number>()
  return {
    ensure: async (days) => {
      for (const day of days) {
        if (known.has(day)) continue
        await make(pool, day)
        known.add(day)
      }
    },
    drop: async (before) => {
      const { rows } = await pool.query<{ name: string }>(
        `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
         WHERE inhparent = 'frames'::regclass`,
      )
      for (const { name } of rows) {
        const day = Number(/^frames_(\d+)$/.exec(name)?.[1])
        if (!(day < before)) continue
        await drop(pool, name)
        known.delete(day)
      }
    },
  }
}
