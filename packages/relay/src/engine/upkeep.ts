/** Backup, compaction and readiness of the embedded engine. spec/relay-rest.md section 7. */
import { RelayError } from '../errors.js'
import { SNAPSHOT_CHUNK } from '../limits.js'
import type { Job } from './committer.js'
import { encodeCounters } from './counters.js'
import type { Database } from './database.js'
import type { Entry, Upkeep } from './engine.js'
import { META_KEY } from './keys.js'

/** `database` gives the one that is open now: it is another after a failed write. */
export function upkeepOf(database: () => Database): Upkeep {
  return {
    snapshot: () => database().snapshot(SNAPSHOT_CHUNK),
    compact: () => database().compact(),
  }
}

/** Writes the counters as they are: whether the store takes writes shows only when it is asked to. */
export function probeJob(): Job<null> {
  return {
    bytes: 0,
    run: (batch) => {
      batch.append(META_KEY, encodeCounters(batch.counters))
      return null
    },
  }
}

/** Fills an empty database. @throws RelayError `relay/data-unusable` */
export async function fillDatabase(
  database: Pick<Database, 'write'>,
  chunks: AsyncIterable<readonly Entry[]>,
): Promise<void> {
  for await (const chunk of chunks) {
    const writes = chunk.map(([key, value]) => ({ type: 'put', key, value }) as const)
    await database.write(writes).catch((cause: unknown) => {
      throw new RelayError('relay/data-unusable', { cause })
    })
  }
}
