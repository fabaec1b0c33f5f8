/**
 * The embedded engine: everything in one LevelDB folder, durable before it is answered. spec/relay.md section 5.
 *
 * After a failed write the database is closed and opened again: a torn log record must not be followed by
 * another, and memory must say what the disk says.
 */
import { join } from 'node:path'
import type { Clock, Logger } from '@hyphae/core'
import { RelayError } from '../errors.js'
import { REOPEN_MS, type RelayLimits } from '../limits.js'
import { putBlobJob, readBlob } from './blobs.js'
import { type CommitState, createCommitter } from './committer.js'
import { type Counters, decodeCounters, emptyCounters } from './counters.js'
import { type OpenDatabase, openLevel } from './database.js'
import type { EngineStats, OpenEngine, RelayEngine, StoredListener } from './engine.js'
import { boxName, FRAME_RANGE, META_KEY, readFrameKey } from './keys.js'
import { ackJob, fetchPage, putJob } from './mailboxes.js'
import { createPositions, type Positions } from './positions.js'
import { lookupRecords, publishJob } from './records.js'
import { remainingItems, stockJob, takeJob } from './stocks.js'
import { sweepExpired } from './sweep.js'
import { probeJob, upkeepOf } from './upkeep.js'

export interface EmbeddedOptions {
  readonly folder: string
  readonly limits: RelayLimits
  readonly clock: Clock
  readonly logger: Logger
  readonly open?: OpenDatabase
}

interface Loaded extends CommitState {
  positions: Positions
}

async function load(open: OpenDatabase, folder: string): Promise<Loaded> {
  const database = await open(folder)
  try {
    const [meta] = await database.getMany([META_KEY])
    const counters: Counters | undefined = meta === undefined ? emptyCounters() : decodeCounters(meta)
    if (counters === undefined) throw new RelayError('relay/data-corrupt')
    const positions = createPositions()
    for await (const key of database.keys(FRAME_RANGE)) {
      const { box, slot } = readFrameKey(key)
      positions.add(boxName(box), slot)
    }
    return { database, counters, positions }
  } catch (error) {
    await database.close()
    throw error
  }
}

function statsOf({ counters, positions }: Loaded): EngineStats {
  const { frames, records, items, blobs, bytes } = counters
  return { frames: { ...frames }, boxes: positions.boxes(), records, items, blobs, bytes }
}

/** Opens the database again until it works or the engine is closed. */
function recovery(state: Loaded, options: EmbeddedOptions, closing: AbortSignal) {
  const { clock, logger, folder, open = openLevel } = options
  return async (error: unknown): Promise<void> => {
    logger.error('store failed', { error: error instanceof Error ? error.name : 'unknown' })
    await state.database.close().catch(() => {})
    while (!closing.aborted) {
      try {
        Object.assign(state, await load(open, folder))
        logger.info('store works again')
        return
      } catch (again) {
        logger.error('store cannot be opened', { error: again instanceof Error ? again.name : 'unknown' })
        await clock.sleep(REOPEN_MS, closing).catch(() => {})
      }
    }
  }
}

/** Where the embedded engine keeps its database below the data folder. */
export function storeFolder(data: string): string {
  return join(data, 'store')
}

/** What a relay uses unless told otherwise. */
export const embeddedEngine: OpenEngine = ({ data, ...rest }) =>
  openEmbedded({ folder: storeFolder(data), ...rest })

/** @throws RelayError `relay/data-locked`, `relay/data-corrupt`, `relay/data-unusable` */
export async function openEmbedded(options: EmbeddedOptions): Promise<RelayEngine> {
  const { limits, clock } = options
  const state = await load(options.open ?? openLevel, options.folder)
  const closing = new AbortController()
  const listeners: StoredListener[] = []
  const stored: StoredListener = (box, frame) => {
    for (const listener of listeners) listener(box, frame)
  }
  const committer = createCommitter(state, recovery(state, options, closing.signal))
  const { submit } = committer
  return {
    put: (box, id, frame) =>
      submit(putJob(box, id, frame, { positions: state.positions, limits, now: clock.now(), stored })),
    ack: (box, cursor) => submit(ackJob(box, cursor, state.positions)),
    fetch: (box, after, limit) => fetchPage(state.database, state.positions, box, after, limit),
    newest: (box) => state.positions.newest(boxName(box)),
    onStored: (listener) => {
      listeners.push(listener)
    },
    publish: async (record) => submit(publishJob(record, limits)),
    lookup: (address) => lookupRecords(state.database, address),
    stock: async (upload) => submit(stockJob(upload, limits)),
    take: async (writer, kind) => submit(takeJob(writer, kind)),
    remaining: (writer, kind) => remainingItems(state.database, writer, kind),
    putBlob: (hash, data) => submit(putBlobJob(hash, data, limits, clock.now())),
    getBlob: (hash) => readBlob(state.database, hash),
    hasBlob: async (hash) => (await readBlob(state.database, hash)) !== undefined,
    sweep: (signal) =>
      sweepExpired(
        {
          database: () => state.database,
          committer,
          positions: () => state.positions,
          limits,
          now: clock.now(),
        },
        signal,
      ),
    queuedBytes: committer.queuedBytes,
    stats: () => statsOf(state),
    writable: async () => (await submit(probeJob())) === null,
    upkeep: upkeepOf(() => state.database),
    close: async () => {
      closing.abort()
      await committer.finish()
      await state.database.close()
    },
  }
}
