/**
 * The PostgreSQL engine: everything in one database, nothing in the relay. spec/relay-engines.md section 3.
 *
 * Any number of relays share it, and each can be killed at any time.
 */
import { defaultCrypto } from '@hyphae/crypto'
import type { Pool, PoolConfig } from 'pg'
import { codeOf, RelayError } from '../../errors.js'
import { STORAGE_RETRY_MS } from '../../limits.js'
import type { BlobStore, OpenBlobStore } from '../blob-store.js'
import { randomOf } from '../due.js'
import {
  type AnnouncedListener,
  type EngineOptions,
  type OpenEngine,
  type Refusal,
  type RelayEngine,
  refuse,
  type StoredListener,
  type Verdict,
} from '../engine.js'
import { bounded, createRoom } from '../room.js'
import { createBatcher } from './batcher.js'
import { createBlobs } from './blobs.js'
import { type ConnectionOptions, createPool } from './connection.js'
import { type Ear, openEar } from './ear.js'
import { ROOM_AGE_MS } from './limits.js'
import {
  type Ack,
  bucketPage,
  commitAcks,
  commitPuts,
  fetchPage,
  type MailboxContext,
  type Put,
  putOf,
  putWithSpend,
} from './mailboxes.js'
import { createPartitions } from './partitions.js'
import { migrate } from './schema.js'
import { createServiceRows } from './service-rows.js'
import { createStats, storedBytes } from './stats.js'
import {
  appendEntry,
  createTerms,
  lookupRecords,
  publishRecord,
  readEntries,
  recordsOf,
  remainingItems,
  storeUpload,
  takeItem,
} from './stores.js'
import { sweepExpired } from './sweep.js'

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`; the user may create a schema, or owns the one there. */
  readonly url: string
  /** Where the tables are; letters, digits, `_`. Default `hyphae`. */
  readonly schema?: string
  /** Blobs elsewhere, such as an S3 bucket; default: in a table. */
  readonly blobs?: OpenBlobStore
  /** TLS and the like, as the client of PostgreSQL takes them. */
  readonly connection?: Omit<PoolConfig, 'connectionString'>
}

const SCHEMA = /^[a-z][a-z0-9_]{0,31}$/
const TAG_BYTES = 6
const ACK_BYTES = 48

/** A store that does not answer is no defect: the client is told to come again. */
async function orRefuse<T>(work: Promise<T>): Promise<T | Refusal> {
  try {
    return await work
  } catch {
    return refuse('storage-failed', STORAGE_RETRY_MS)
  }
}

interface Listeners {
  readonly stored: StoredListener[]
  readonly announced: AnnouncedListener[]
}

interface Parts {
  readonly pool: Pool
  readonly mail: MailboxContext
  readonly blobs: BlobStore
  readonly ear: Ear
  readonly announced: string
  readonly listeners: Listeners
}

async function connectAll(
  pool: Pool,
  connection: ConnectionOptions,
  options: PostgresOptions,
  { limits, clock }: EngineOptions,
): Promise<Parts> {
  const { schema } = connection
  await migrate(pool, schema)
  const now = (): number => clock.now()
  const listeners: Listeners = { stored: [], announced: [] }
  const tag = Buffer.from(defaultCrypto.randomBytes(TAG_BYTES)).toString('hex')
  const channels = { stored: `${schema}_stored`, announced: `${schema}_announced` }
  const blobOptions = { lifeMs: limits.blobLifeMs, now }
  const blobs = await (options.blobs?.(blobOptions) ?? createBlobs(pool, blobOptions))
  const ear = await openEar({
    connection,
    ...channels,
    tag,
    hint: (box, stored) => {
      for (const listener of listeners.stored) listener(box, stored)
    },
    heard: (channel, frame) => {
      for (const listener of listeners.announced) listener(channel, frame)
    },
  })
  const partitions = createPartitions(pool)
  const mail = {
    pool,
    partitions,
    limits,
    random: randomOf(defaultCrypto),
    channel: channels.stored,
    tag,
    now,
  }
  return { pool, mail, blobs, ear, announced: channels.announced, listeners }
}

/** Without the user's name and password, which are in the URL as well. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : ''
}

async function open(options: PostgresOptions, engineOptions: EngineOptions): Promise<Parts> {
  const { url, schema = 'hyphae', connection = {} } = options
  if (!SCHEMA.test(schema)) throw new RelayError('relay/bad-setting', { details: { setting: 'schema' } })
  const connectionOptions = { url, schema, connection }
  const pool = createPool(connectionOptions)
  try {
    return await connectAll(pool, connectionOptions, options, engineOptions)
  } catch (cause) {
    await pool.end()
    if (cause instanceof RelayError) throw cause
    const details = { server: hostOf(url), reason: codeOf(cause) }
    throw new RelayError('relay/store-unreachable', { details, cause })
  }
}

/** Hints for frames of this process go out at once; those of others come by notification. */
function told(ear: Ear, put: Put, verdict: Verdict): Verdict {
  if (verdict === null) ear.stored(put.box)
  return verdict
}

function announce({ pool, announced }: Parts, channel: Uint8Array, frame: Uint8Array): void {
  const payload = Buffer.from(channel).toString('base64') + Buffer.from(frame).toString('base64')
  // Now or never.
  pool.query('SELECT pg_notify($1, $2)', [announced, payload]).catch(() => {})
}

function engineOf(parts: Parts): RelayEngine {
  const { pool, mail, blobs, ear, listeners } = parts
  const puts = createBatcher<Put, Verdict>((items) => commitPuts(mail, items))
  const acks = createBatcher<Ack, Verdict>((items) => commitAcks(mail, items))
  const terms = createTerms(mail)
  const services = createServiceRows(pool, mail.now)
  return {
    put: (box, id, frame, options = {}) => {
      const put = putOf(mail, box, id, frame, options)
      const stored =
        options.spend === undefined ? puts.submit(put, frame.length) : putWithSpend(mail, put, options.spend)
      return orRefuse(stored.then((verdict) => told(ear, put, verdict)))
    },
    fetch: (box, after, limit) => fetchPage(mail, box, after, limit),
    ack: (box, cursor) => orRefuse(acks.submit({ box, cursor }, ACK_BYTES)),
    onStored: (listener) => {
      listeners.stored.push(listener)
    },
    interest: ear.interest,
    terms: terms.get,
    setTerms: (box, wanted) => orRefuse(terms.set(box, wanted).then(() => null)),
    bucket: (bucket, after, limit) => bucketPage(mail, bucket, after, limit),
    append: (log, position, entry, ttl) => orRefuse(appendEntry(mail, log, position, entry, ttl)),
    entries: (log, from, limit) => readEntries(mail, log, from, limit),
    announce: (channel, frame) => announce(parts, channel, frame),
    onAnnounced: (listener) => {
      listeners.announced.push(listener)
    },
    publish: (record) => orRefuse(publishRecord(mail, record)),
    lookup: (address) => lookupRecords(mail, address),
    records: (bucket, after, limit) => recordsOf(mail, bucket, after, limit),
    stock: (upload) => orRefuse(storeUpload(mail, upload)),
    take: (writer, kind) => orRefuse(takeItem(mail, writer, kind)),
    remaining: (writer, kind) => remainingItems(mail, writer, kind),
    putBlob: (hash, data) => orRefuse(blobs.put(hash, data).then(() => null)),
    getBlob: blobs.get,
    hasBlob: blobs.has,
    sweep: async (signal) => {
      await sweepExpired(pool, mail.partitions, mail.now(), signal)
      await services.sweep(signal)
      await blobs.sweep(signal)
    },
    rows: services,
    queuedBytes: () => puts.queuedBytes() + acks.queuedBytes(),
    stats: createStats(pool, blobs, mail.now),
    writable: async () => {
      const row = await orRefuse(pool.query('SELECT pg_current_xact_id(), NOT pg_is_in_recovery() AS free'))
      return 'rows' in row && row.rows[0]?.free === true
    },
    close: async () => {
      await Promise.all([puts.finish(), acks.finish()])
      await ear.close()
      await blobs.close()
      await pool.end()
    },
  }
}

/**
 * An engine for `startRelay` that keeps everything in PostgreSQL, 13 or newer.
 * @throws RelayError `relay/store-unreachable`, `relay/bad-setting`, `relay/data-corrupt` when it is opened
 */
export function postgresEngine(options: PostgresOptions): OpenEngine {
  return async (engineOptions) => {
    const parts = await open(options, engineOptions)
    const { storedBytes: most } = engineOptions.limits
    // Blobs elsewhere count as those in a table.
    const count = async (): Promise<number> => {
      const elsewhere = options.blobs === undefined ? 0 : (await parts.blobs.counts()).bytes
      return elsewhere + (await storedBytes(parts.pool, most - elsewhere))
    }
    const room = createRoom({ count, most, ageMs: ROOM_AGE_MS })
    await room.look()
    return bounded(engineOf(parts), room)
  }
}
