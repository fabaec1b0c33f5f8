/** Blobs in a table; for many, an object store is cheaper. spec/relay-engines.md section 4. */
import type { Pool } from 'pg'
import { type BlobStore, type BlobStoreOptions, RENEW_AFTER } from '../blob-store.js'
import { persist } from './connection.js'
import { removeRows } from './sweep.js'

export function createBlobs(pool: Pool, { lifeMs, now }: BlobStoreOptions): BlobStore {
  const find = async (hash: Uint8Array, column: 'data' | 'stored'): Promise<Buffer | string | undefined> => {
    const { rows } = await pool.query<{ found: Buffer | string }>({
      name: `blob-${column}`,
      text: `SELECT ${column} AS found FROM blobs WHERE hash = $1 AND stored > $2`,
      values: [Buffer.from(hash), now() - lifeMs],
    })
    return rows[0]?.found
  }
  return {
    put: async (hash, data) => {
      // Renewed when a part of its life is over: writing it again each time would cost as much as storing.
      await persist(() =>
        pool.query(
          `INSERT INTO blobs AS b VALUES ($1, $2, $3)
           ON CONFLICT (hash) DO UPDATE SET stored = excluded.stored WHERE b.stored <= $4`,
          [Buffer.from(hash), now(), Buffer.from(data), Math.floor(now() - lifeMs * RENEW_AFTER)],
        ),
      )
    },
    get: async (hash) => (await find(hash, 'data')) as Buffer | undefined,
    has: async (hash) => (await find(hash, 'stored')) !== undefined,
    sweep: (signal) => removeRows(pool, 'blobs', 'stored', now() - lifeMs, signal),
    counts: async () => {
      const { rows } = await pool.query<{ blobs: string; bytes: string }>(
        'SELECT count(*) AS blobs, coalesce(sum(length(data)), 0) AS bytes FROM blobs',
      )
      return { blobs: Number(rows[0]?.blobs), bytes: Number(rows[0]?.bytes) }
    },
    close: async () => {},
  }
}
