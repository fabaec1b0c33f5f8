/** Rows of services in the PostgreSQL engine. spec/relay-engines.md section 7. */
import { defaultCrypto } from '@hyphae/crypto'
import type { Pool } from 'pg'
import { checkRow, type NamedRow, type Row, rowsUnreachable, type ServiceRows } from '../rows.js'
import { persist } from './connection.js'
import { SWEEP_ROWS } from './limits.js'

/** use_up: counts one use for a purpose, once. Whoever asks for the same purpose meanwhile waits for the outcome. */
export const ROWS = `
CREATE SEQUENCE service_row_seq;
CREATE TABLE service_rows (
  key text COLLATE "C" PRIMARY KEY, value bytea NOT NULL, version bigint NOT NULL, until bigint
);
CREATE INDEX service_rows_until ON service_rows (until) WHERE until IS NOT NULL;
CREATE FUNCTION use_up(name_in bytea, purpose_in bytea, most bigint, until_in bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO spends (name, used, until) VALUES (purpose_in, 1, until_in) ON CONFLICT (name) DO NOTHING;
  IF NOT FOUND THEN RETURN true; END IF;
  INSERT INTO spends AS s (name, used, until) VALUES (name_in, 1, until_in)
  ON CONFLICT (name) DO UPDATE SET used = s.used + 1 WHERE s.used < most;
  IF FOUND THEN RETURN true; END IF;
  DELETE FROM spends WHERE name = purpose_in;
  RETURN false;
END $$;
`

interface Found {
  readonly key: string
  readonly value: Buffer
  readonly version: string
}

function rowOf({ value, version }: Pick<Found, 'value' | 'version'>): Row {
  return { value: new Uint8Array(value), version: Number(version) }
}

/** Not tried again: what was not heard of may have been done, and would then be refused. */
async function tried<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw rowsUnreachable(cause)
  }
}

const NEW = `INSERT INTO service_rows AS r VALUES ($1, $2, nextval('service_row_seq'), $3)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, until = excluded.until
  WHERE r.until <= $4 RETURNING version`
const CHANGED = `UPDATE service_rows SET value = $2, version = nextval('service_row_seq'), until = $3
  WHERE key = $1 AND version = $5 AND (until IS NULL OR until > $4) RETURNING version`
const LIVE = '(until IS NULL OR until > $2)'

export function createServiceRows(
  pool: Pool,
  now: () => number,
): ServiceRows & { sweep(signal: AbortSignal): Promise<void> } {
  return {
    shared: true,
    get: async (key) => {
      checkRow(key)
      const { rows } = await tried(() =>
        pool.query<Found>({
          name: 'service-row',
          text: `SELECT value, version FROM service_rows WHERE key = $1 AND ${LIVE}`,
          values: [key, Math.floor(now())],
        }),
      )
      return rows[0] === undefined ? undefined : rowOf(rows[0])
    },
    put: async (key, value, version, until) => {
      checkRow(key, value)
      const end = until === undefined ? null : Math.ceil(until)
      const values = [key, Buffer.from(value), end, Math.floor(now())]
      const { rows } = await tried(() =>
        version === 0 ? pool.query<Found>(NEW, values) : pool.query<Found>(CHANGED, [...values, version]),
      )
      return rows[0] === undefined ? undefined : Number(rows[0].version)
    },
    remove: async (key, version) => {
      const { rowCount } = await tried(() =>
        pool.query(
          'DELETE FROM service_rows WHERE key = $1 AND version = $2 AND (until IS NULL OR until > $3)',
          [key, version, Math.floor(now())],
        ),
      )
      return rowCount === 1
    },
    list: async (prefix) => {
      const { rows } = await tried(() =>
        pool.query<Found>(
          `SELECT key, value, version FROM service_rows WHERE key >= $1 AND key < $3 AND ${LIVE} ORDER BY key`,
          [`${prefix}.`, Math.floor(now()), `${prefix}/`],
        ),
      )
      return rows.map((row): NamedRow => ({ key: row.key, ...rowOf(row) }))
    },
    use: async ({ name, most, until }, purpose) => {
      const named = defaultCrypto.sha256(Buffer.concat([name, purpose]))
      const values = [Buffer.from(name), Buffer.from(named), most, Math.ceil(until)]
      const { rows } = await persist(() =>
        pool.query<{ counted: boolean }>('SELECT use_up($1, $2, $3, $4) AS counted', values),
      )
      return rows[0]?.counted === true
    },
    once: async (name, until) => {
      const { rowCount } = await tried(() =>
        pool.query(
          'INSERT INTO spends (name, used, until) VALUES ($1, 1, $2) ON CONFLICT (name) DO NOTHING',
          [Buffer.from(name), Math.ceil(until)],
        ),
      )
      return rowCount === 1
    },
    sweep: async (signal) => {
      for (let removed = SWEEP_ROWS; removed === SWEEP_ROWS && !signal.aborted; ) {
        const { rowCount } = await pool.query(
          `DELETE FROM service_rows WHERE ctid IN (
             SELECT ctid FROM service_rows WHERE until <= $1 LIMIT ${SWEEP_ROWS} FOR UPDATE SKIP LOCKED
           ) AND until <= $1`,
          [Math.floor(now())],
        )
        removed = rowCount ?? 0
      }
    },
  }
}
