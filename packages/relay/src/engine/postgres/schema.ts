/**
 * Tables and functions, by version. spec/relay-engines.md section 3.1.
 *
 * Times are epoch milliseconds. A migration is never changed after it was released: a later one follows it.
 */
import type { Pool } from 'pg'
import { RelayError } from '../../errors.js'
import { FUNCTIONS } from './functions.js'
import { ROWS } from './service-rows.js'

const TABLES = `
CREATE SEQUENCE frame_seq;
CREATE TABLE boxes (box bytea PRIMARY KEY, waiting integer NOT NULL) WITH (fillfactor = 70);
CREATE TABLE ids (
  box bytea NOT NULL, id bytea NOT NULL, until bigint NOT NULL, PRIMARY KEY (box, id)
);
CREATE INDEX ids_until ON ids (until);
CREATE TABLE frames (
  day integer NOT NULL, box bytea NOT NULL, seq bigint NOT NULL, until bigint NOT NULL, frame bytea NOT NULL
) PARTITION BY LIST (day);
ALTER TABLE frames ALTER COLUMN frame SET STORAGE PLAIN;
CREATE INDEX frames_box ON frames (box, seq);
CREATE TABLE records (
  address bytea NOT NULL, slot smallint NOT NULL, writer bytea NOT NULL, sequence bigint NOT NULL,
  record bytea NOT NULL, PRIMARY KEY (address, slot), UNIQUE (address, writer)
);
CREATE TABLE stocks (
  writer bytea NOT NULL, kind smallint NOT NULL, sequence bigint NOT NULL, signature bytea NOT NULL,
  last_resort bytea NOT NULL, PRIMARY KEY (writer, kind)
);
CREATE TABLE items (
  writer bytea NOT NULL, kind smallint NOT NULL, n bigint GENERATED ALWAYS AS IDENTITY, item bytea NOT NULL,
  PRIMARY KEY (writer, kind, n)
);
CREATE TABLE logs (
  log bytea PRIMARY KEY, first bigint NOT NULL, next bigint NOT NULL, bytes bigint NOT NULL, until bigint NOT NULL
);
CREATE INDEX logs_until ON logs (until);
CREATE TABLE entries (
  log bytea NOT NULL, place bigint NOT NULL, entry bytea NOT NULL, PRIMARY KEY (log, place)
);
CREATE TABLE terms (box bytea PRIMARY KEY, value bytea NOT NULL, until bigint NOT NULL);
CREATE INDEX terms_until ON terms (until);
CREATE TABLE spends (name bytea PRIMARY KEY, used bigint NOT NULL, until bigint NOT NULL);
CREATE INDEX spends_until ON spends (until);
CREATE TABLE blobs (hash bytea PRIMARY KEY, stored bigint NOT NULL, data bytea NOT NULL);
CREATE INDEX blobs_stored ON blobs (stored);
`

/** In order; the version of a schema is how many it has. */
const MIGRATIONS: readonly string[] = [TABLES + FUNCTIONS, ROWS]

/** Any number that other users of the database do not take; relays that start together wait for each other. */
const MIGRATION_LOCK = 4_801_620_001

/**
 * Brings the schema up to this version.
 * @throws RelayError `relay/data-corrupt` when a later version wrote it
 */
export async function migrate(pool: Pool, schema: string): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
    await client.query('CREATE TABLE IF NOT EXISTS version (version integer NOT NULL)')
    const { rows } = await client.query<{ version: number }>('SELECT version FROM version')
    const version = rows[0]?.version ?? 0
    if (version > MIGRATIONS.length) throw new RelayError('relay/data-corrupt', { details: { version } })
    for (const migration of MIGRATIONS.slice(version)) await client.query(migration)
    await client.query('DELETE FROM version')
    await client.query('INSERT INTO version VALUES ($1)', [MIGRATIONS.length])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}
