/** Removes what has expired: whole partitions of frames, rows of the rest in steps. spec/relay-engines.md section 3.4. */
import type { Pool } from 'pg'
import { SPEND_SLACK_MS, SWEEP_ROWS } from './limits.js'
import { dayOf, type Partitions } from './partitions.js'

/** Rows whose `column` is at or before `time`. */
export async function removeRows(
  pool: Pool,
  table: 'ids' | 'terms' | 'spends' | 'blobs',
  column: 'until' | 'stored',
  time: number,
  signal: AbortSignal,
): Promise<void> {
  for (let removed = SWEEP_ROWS; removed === SWEEP_ROWS && !signal.aborted; ) {
    const { rowCount } = await pool.query(
      `DELETE FROM ${table} WHERE ctid IN (
         SELECT ctid FROM ${table} WHERE ${column} <= $1 LIMIT ${SWEEP_ROWS} FOR UPDATE SKIP LOCKED
       ) AND ${column} <= $1`,
      [Math.floor(time)],
    )
    removed = rowCount ?? 0
  }
}

/** A log and its entries together: an append that comes meanwhile begins a new one. */
async function removeLogs(pool: Pool, now: number): Promise<void> {
  await pool.query(
    `WITH gone AS (DELETE FROM logs WHERE until <= $1 AND next > 0 RETURNING log)
     DELETE FROM entries USING gone WHERE entries.log = gone.log`,
    [now],
  )
}

/** Boxes without mail: their rows were kept while they might fill again. */
async function removeBoxes(pool: Pool): Promise<void> {
  await pool.query(
    `DELETE FROM boxes WHERE box IN (
       SELECT box FROM boxes WHERE waiting <= 0 ORDER BY box FOR UPDATE SKIP LOCKED
     ) AND waiting <= 0`,
  )
}

export async function sweepExpired(
  pool: Pool,
  partitions: Partitions,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  await partitions.drop(dayOf(now))
  if (signal.aborted) return
  await removeLogs(pool, now)
  for (const table of ['ids', 'terms', 'spends'] as const) {
    if (signal.aborted) return
    await removeRows(pool, table, 'until', table === 'spends' ? now - SPEND_SLACK_MS : now, signal)
  }
  await removeBoxes(pool)
}
