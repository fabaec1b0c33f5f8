/**
 * The embedded engine: everything in one LevelDB folder, durable before it is answered. spec/relay.md section 5.
 *
 * After a failed write the database is closed and opened again: a torn log record must not be followed by
 * another, and memory must say what the disk says.
 */
import { join } from 'node:path'
import type { Clock, Logger } from '@hyphae/core'
import { type CryptoProvider, defaultCrypto } from '@hyphae/crypto'
import { codeOf, RelayError } from '../errors.js'
import { REOPEN_MS, type RelayLimits } from '../limits.js'
import { putBlobJob, readBlob } from './blobs.js'
import { type Buckets, bucketPage, createBuckets } from './buckets.js'
import { type CommitState, type Committer, createCommitter } from './committer.js'
import { type Counters, decodeCounters, emptyCounters, UNCOUNTED } from './counters.js'
import type { Database, OpenDatabase } from './database.js'
import { type DiskRoom, limitsOn, watchDisk } from './disk.js'
import { dueWindowMs, type Random, randomOf } from './due.js'
import { createDuePages } from './due-page.js'
import type {
  AnnouncedListener,
  EngineStats,
  OpenEngine,
  PutOptions,
  RelayEngine,
  StoredListener,
} from './engine.js'
import { createIdFilter, fillIds, type IdFilter } from './ids.js'
import { openJournaled } from './journal/journaled.js'
import { boxName, DUE_RANGE, FRAME_RANGE, META_KEY, readFrameKey } from './keys.js'
import { appendJob, readEntries } from './logs.js'
import { ackJob, fetchPage, type PutContext, putJob } from './mailboxes.js'
import { migrateTimes } from './migrate.js'
import { createPositions, type Positions } from './positions.js'
import { createRecordIndex } from './record-index.js'
import { indexedPage } from './record-page.js'
import { lookupRecords, publishJob, readRecords, recordNames } from './records.js'
import { createServiceRows } from './service-rows.js'
import { remainingItems, stockJob, takeJob } from './stocks.js'
import { type SweepContext, sweepExpired } from './sweep.js'
import { loadTermsCache, readTerms, setTermsJob, type TermsCache } from './terms.js'
import { probeJob, upkeepOf } from './upkeep.js'

export interface EmbeddedOptions {
  readonly folder: string
  readonly limits: RelayLimits
  readonly clock: Clock
  readonly logger: Logger
  readonly open?: OpenDatabase
  readonly room?: DiskRoom
  /** Source of the random part of expiry. */
  readonly crypto?: Pick<CryptoProvider, 'randomBytes'>
}

interface Loaded extends CommitState {
  positions: Positions
  buckets: Buckets
  terms: TermsCache
  ids: IdFilter
}

async function countRows(database: Database): Promise<number> {
  let rows = 0
  for await (const _ of database.keys(DUE_RANGE)) rows += 1
  return rows
}

async function load({ open = openJournaled, folder, limits, clock }: EmbeddedOptions): Promise<Loaded> {
  const database = await open(folder)
  try {
    const [meta] = await database.getMany([META_KEY])
    const counters: Counters | undefined = meta === undefined ? emptyCounters() : decodeCounters(meta)
    if (counters === undefined) throw new RelayError('relay/data-corrupt')
    await migrateTimes(database, limits)
    if (counters.rows === UNCOUNTED) counters.rows = await countRows(database)
    const positions = createPositions()
    for await (const key of database.keys(FRAME_RANGE)) {
      const { box, slot } = readFrameKey(key)
      positions.add(boxName(box), slot)
    }
    const terms = await loadTermsCache(database)
    const ids = createIdFilter(clock, limits.idLifeMs * (1 + limits.expiryJitter))
    // In the background: until it ends, ids are looked for in the store. Closing the database ends it.
    fillIds(ids, database).catch(() => {})
    const pages = createDuePages(dueWindowMs(limits))
    return { database, counters, positions, buckets: createBuckets(positions), terms, ids, pages }
  } catch (error) {
    await database.close()
    throw error
  }
}

function statsOf({ counters, positions }: Loaded): EngineStats {
  const { frames, records, items, blobs, bytes } = counters
  return { frames: { ...frames }, boxes: positions.boxes(), records, items, blobs, bytes }
}

/** What the disk, or the store itself, calls it: `ENOSPC`, `LEVEL_IO_ERROR`. */
function reasonOf(error: unknown): string {
  const { reason } = error instanceof RelayError ? error.details : { reason: undefined }
  return typeof reason === 'string' && reason !== 'unknown' ? reason : codeOf(error)
}

/** Opens the database again until it works or the engine is closed. */
function recovery(state: Loaded, options: EmbeddedOptions, closing: AbortSignal) {
  const { clock, logger } = options
  return async (error: unknown): Promise<void> => {
    logger.error('store failed', { code: reasonOf(error) })
    await state.database.close().catch(() => {})
    let said = ''
    while (!closing.aborted) {
      try {
        Object.assign(state, await load(options))
        logger.info('store works again')
        return
      } catch (again) {
        // Once for each reason, however long it lasts.
        const code = reasonOf(again)
        if (code !== said) logger.error('store cannot be opened', { code })
        said = code
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

/** What the parts of the engine share. */
interface Parts {
  readonly state: Loaded
  readonly committer: Committer
  readonly limits: RelayLimits
  readonly clock: Clock
  readonly random: Random
}

const NO_OPTIONS: PutOptions = {}

type Methods<K extends keyof RelayEngine> = Pick<RelayEngine, K>

function mailboxes({
  state,
  committer: { submit },
  limits,
  clock,
  random,
}: Parts): Methods<'put' | 'ack' | 'fetch' | 'onStored' | 'bucket'> {
  const listeners: StoredListener[] = []
  const stored: StoredListener = (box, frame) => {
    for (const listener of listeners) listener(box, frame)
  }
  // What is loaded is replaced when the store was opened again.
  const context: PutContext = {
    get positions() {
      return state.positions
    },
    get ids() {
      return state.ids
    },
    limits,
    random,
    stored,
  }
  return {
    put: (box, id, frame, options = NO_OPTIONS) =>
      submit(putJob(box, id, frame, options, context, clock.now())),
    ack: (box, cursor) => submit(ackJob(box, cursor, state.positions)),
    fetch: (box, after, limit) => fetchPage(state.database, state.positions, box, after, limit),
    onStored: (listener) => {
      listeners.push(listener)
    },
    bucket: (bucket, after, limit) => bucketPage(state, bucket, after, limit),
  }
}

function termsAndLogs({
  state,
  committer: { submit },
  limits,
  clock,
  random,
}: Parts): Methods<'terms' | 'setTerms' | 'append' | 'entries' | 'announce' | 'onAnnounced'> {
  const listeners: AnnouncedListener[] = []
  return {
    terms: (box) => readTerms(state.database, state.terms, box),
    setTerms: (box, terms) => submit(setTermsJob(box, terms, limits, clock.now(), state.terms)),
    append: async (log, position, entry, ttl) =>
      submit(appendJob({ log, position, entry, ttl }, { limits, now: clock.now(), random })),
    entries: (log, from, limit) => readEntries(state.database, log, from, limit),
    announce: (channel, frame) => {
      const name = boxName(channel)
      for (const listener of listeners) listener(name, frame)
    },
    onAnnounced: (listener) => {
      listeners.push(listener)
    },
  }
}

type DirectoryMethods = 'publish' | 'lookup' | 'records' | 'stock' | 'take' | 'remaining'

function directoryAndBlobs({
  state,
  committer: { submit },
  limits,
  clock,
}: Parts): Methods<DirectoryMethods | 'putBlob' | 'getBlob' | 'hasBlob'> {
  const index = createRecordIndex({ load: () => recordNames(state.database) })
  return {
    publish: async (record) => {
      const verdict = await submit(publishJob(record, limits))
      if (verdict === null) index.add(record.address)
      return verdict
    },
    lookup: (address) => lookupRecords(state.database, address),
    records: (bucket, after, limit) =>
      indexedPage(index, bucket, after, limit, (addresses) => readRecords(state.database, addresses)),
    stock: async (upload) => submit(stockJob(upload, limits)),
    take: async (writer, kind) => submit(takeJob(writer, kind)),
    remaining: (writer, kind) => remainingItems(state.database, writer, kind),
    putBlob: (hash, data) => submit(putBlobJob(hash, data, limits, clock.now())),
    getBlob: (hash) => readBlob(state.database, hash),
    hasBlob: async (hash) => (await readBlob(state.database, hash)) !== undefined,
  }
}

function sweepContext({ state, committer, limits, clock }: Parts): SweepContext {
  return {
    database: () => state.database,
    committer,
    positions: () => state.positions,
    terms: () => state.terms,
    limits,
    now: clock.now(),
  }
}

/** @throws RelayError `relay/data-locked`, `relay/data-corrupt`, `relay/data-unusable` */
export async function openEmbedded(options: EmbeddedOptions): Promise<RelayEngine> {
  const { clock, logger, folder, room, crypto = defaultCrypto } = options
  const state = await load(options)
  const disk = await watchDisk({
    folder,
    limits: options.limits,
    logger,
    ...(room !== undefined && { room }),
  })
  const limits = limitsOn(disk, options.limits)
  const closing = new AbortController()
  const committer = createCommitter(state, recovery(state, options, closing.signal))
  const parts: Parts = { state, committer, limits, clock, random: randomOf(crypto) }
  const rows = createServiceRows({
    database: () => state.database,
    committer,
    limits,
    now: () => clock.now(),
  })
  return {
    ...mailboxes(parts),
    inOrder: true,
    ...termsAndLogs(parts),
    ...directoryAndBlobs(parts),
    rows,
    sweep: async (signal) => {
      await sweepExpired(sweepContext(parts), signal)
      await rows.sweep(signal)
    },
    queuedBytes: committer.queuedBytes,
    stats: async () => statsOf(state),
    writable: async () => (await committer.submit(probeJob())) === null,
    upkeep: upkeepOf(() => state.database),
    close: async () => {
      closing.abort()
      await disk.close()
      await committer.finish()
      await state.database.close()
    },
  }
}
