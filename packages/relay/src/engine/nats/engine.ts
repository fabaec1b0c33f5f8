/**
 * The NATS engine: everything in JetStream, nothing in the relay. spec/relay-engines.md section 2.
 *
 * Any number of relays share it; each keeps a cache that follows what is stored, and can be killed at any time.
 */
import { systemClock } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node'
import { RelayError } from '../../errors.js'
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
} from '../engine.js'
import { indexedPage } from '../record-page.js'
import { bounded, createRoom } from '../room.js'
import { createBlobs } from './blobs.js'
import { createBuckets } from './buckets.js'
import { createCalls } from './calls.js'
import { createDocuments } from './documents.js'
import { createJetStream, type JetStream } from './jetstream.js'
import { type LayoutPace, type Layouts, openLayouts } from './layout.js'
import { ROOM_AGE_MS } from './limits.js'
import { createLogs } from './logs.js'
import { acknowledge, bucketPage, fetchPage, type MailboxContext, putFrame } from './mailboxes.js'
import { type Subjects, subjectsOf } from './names.js'
import { putWithSpend } from './paid.js'
import { createAddressIndex, lookupRecords, publishRecord } from './records.js'
import { createServiceRows } from './service-rows.js'
import { createStats, storedBytes } from './stats.js'
import { remainingItems, storeUpload, takeItem } from './stocks.js'
import { ensureStreams, mostMail } from './streams.js'
import { createSweep } from './sweep.js'
import { createTerms } from './terms.js'
import { createWakes } from './wakes.js'

export interface NatsOptions {
  /** `host:port` of servers of the cluster. */
  readonly servers: readonly string[]
  /** Copies of everything: 3 survive a server, 5 two. Default: 3 in a cluster, 1 on a single server. */
  readonly replicas?: 1 | 3 | 5
  /** Begins the names of streams and subjects; letters, digits, `_`. Default `hyphae`. */
  readonly prefix?: string
  /**
   * Bytes, all copies counted once, that the servers set aside for this relay's streams, each of which gets a part:
   * mail seven tenths. Where a part is full what would add to it is refused with `storage-failed`, and nothing else:
   * an eighth of the mail's part is kept for acknowledgements. Default: nothing is set aside, and only `storedBytes`
   * of the relay's limits, which counts in any case, keeps the disks from filling.
   */
  readonly maxBytes?: number
  /** Blobs elsewhere, such as an S3 bucket; default: in a stream. */
  readonly blobs?: OpenBlobStore
  /** Credentials, TLS and the like, as the client of NATS takes them. */
  readonly connection?: Omit<ConnectionOptions, 'servers'>
}

const PREFIX = /^[A-Za-z0-9_]{1,32}$/

async function dial({ servers, connection = {} }: NatsOptions): Promise<NatsConnection> {
  try {
    return await connect({ maxReconnectAttempts: -1, ...connection, servers: [...servers] })
  } catch (cause) {
    const details = { servers: servers.join(' '), reason: cause instanceof Error ? cause.name : 'unknown' }
    throw new RelayError('relay/store-unreachable', { details, cause })
  }
}

/** A store that does not answer is no defect: the client is told to come again. */
function orRefuse<T>(work: Promise<T>): Promise<T | Refusal> {
  return work.catch(() => refuse('storage-failed', STORAGE_RETRY_MS))
}

interface Parts {
  readonly js: JetStream
  readonly names: Subjects
  readonly blobs: BlobStore
  readonly layouts: Layouts
}

async function open(
  options: NatsOptions,
  { limits, clock, logger }: EngineOptions,
  pace: LayoutPace,
): Promise<Parts> {
  const { prefix = 'hyphae', maxBytes } = options
  if (!PREFIX.test(prefix)) throw new RelayError('relay/bad-setting', { details: { setting: 'prefix' } })
  const connection = await dial(options)
  try {
    const js = createJetStream(connection)
    const names = subjectsOf(prefix)
    const replicas = options.replicas ?? (connection.info?.cluster === undefined ? 1 : 3)
    if (replicas === 1) logger.warn('one copy of everything: what that server loses is lost')
    await ensureStreams(js, names, { limits, replicas, maxBytes })
    const blobOptions = { lifeMs: limits.blobLifeMs, now: () => clock.now() }
    const blobs = await (options.blobs?.(blobOptions) ?? createBlobs(js, names, blobOptions))
    const documents = createDocuments(js, names.documents)
    const layouts = await openLayouts({ js, names, documents, ...pace })
    return { js, names, blobs, layouts }
  } catch (error) {
    await connection.close()
    throw error
  }
}

/** Follows the division of mail into logs, and takes the next step where it is due. */
async function tendForever(layouts: Layouts, ageMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await systemClock.sleep(ageMs / 2, signal, true).catch(() => {})
    // Whoever needs to know asks again.
    if (!signal.aborted) await layouts.tend().catch(() => {})
  }
}

async function engineOf(
  { js, names, blobs, layouts }: Parts,
  { limits, clock }: EngineOptions,
): Promise<RelayEngine> {
  const now = (): number => clock.now()
  const random = randomOf(defaultCrypto)
  const storedListeners: StoredListener[] = []
  const announcedListeners: AnnouncedListener[] = []
  const hint: StoredListener = (box, stored) => {
    for (const listener of storedListeners) listener(box, stored)
  }
  const documents = createDocuments(js, names.documents)
  const spent = createDocuments(js, names.spent)
  const buckets = createBuckets({ js, names, now, hint })
  const mail: MailboxContext = { js, names, buckets, layouts, limits, random, now }
  const logs = createLogs({ js, names, limits, random, clock })
  const terms = createTerms({ js, names, lifeMs: limits.termsLifeMs, now })
  const stocks = { js, names, documents }
  const index = createAddressIndex(js, names)
  const wakes = createWakes(
    { connection: js.connection, names, buckets, layouts, hint },
    await layouts.current(),
  )
  const stop = new AbortController()
  const tending = tendForever(layouts, layouts.ageMs, stop.signal)
  const calls = createCalls(js.connection, names, announcedListeners)
  const rows = createServiceRows({ js, names, now })
  const sweep = createSweep({ js, names, buckets, logs, limits, now })
  return {
    put: (box, id, frame, options = {}) =>
      orRefuse(
        options.spend === undefined
          ? putFrame(mail, box, id, frame, options)
          : putWithSpend({ ...mail, spent }, box, id, frame, { ...options, spend: options.spend }),
      ),
    fetch: (box, after, limit) => fetchPage(mail, box, after, limit),
    ack: (box, cursor) => orRefuse(acknowledge(mail, box, cursor)),
    onStored: (listener) => {
      storedListeners.push(listener)
    },
    interest: wakes.interest,
    terms: terms.get,
    setTerms: (box, wanted) => orRefuse(terms.set(box, wanted).then(() => null)),
    bucket: (bucket, after, limit) => bucketPage(mail, bucket, after, limit),
    append: (log, position, entry, ttl) => orRefuse(logs.append(log, position, entry, ttl)),
    entries: logs.entries,
    announce: calls.announce,
    onAnnounced: (listener) => {
      announcedListeners.push(listener)
    },
    publish: async (record) => {
      const verdict = await orRefuse(publishRecord(documents, names, record))
      if (verdict === null) index.add(record.address)
      return verdict
    },
    lookup: (address) => lookupRecords(documents, names, address),
    records: (bucket, after, limit) =>
      indexedPage(index, bucket, after, limit, (addresses) =>
        Promise.all(addresses.map((address) => lookupRecords(documents, names, address))),
      ),
    stock: (upload) => orRefuse(storeUpload(stocks, upload)),
    take: (writer, kind) => orRefuse(takeItem(stocks, writer, kind)),
    remaining: (writer, kind) => remainingItems(stocks, writer, kind),
    putBlob: (hash, data) => orRefuse(blobs.put(hash, data).then(() => null)),
    getBlob: blobs.get,
    hasBlob: blobs.has,
    sweep: async (signal) => {
      await sweep(signal)
      await rows.sweep(signal)
      await blobs.sweep(signal)
    },
    rows,
    queuedBytes: buckets.queuedBytes,
    stats: createStats({ js, names, documents, buckets, blobs, random, now }),
    writable: () =>
      orRefuse(js.publish(names.document('probe', 'relay'), new Uint8Array(1))).then(
        (done) => 'kind' in done,
      ),
    close: async () => {
      stop.abort()
      await tending
      await buckets.close()
      await wakes.close()
      await blobs.close()
      await js.connection.close()
    },
  }
}

/**
 * An engine for `startRelay` that keeps everything in a NATS cluster with JetStream, server 2.9 or newer.
 * @throws RelayError `relay/store-unreachable`, `relay/bad-setting` when it is opened
 */
export function natsEngine(options: NatsOptions): OpenEngine {
  return pacedNatsEngine(options, {})
}

/** The same, with mail divided at another pace. */
export function pacedNatsEngine(options: NatsOptions, pace: LayoutPace): OpenEngine {
  return async (engineOptions) => {
    const parts = await open(options, engineOptions, pace)
    const { storedBytes: most } = engineOptions.limits
    const room = createRoom({ count: () => storedBytes(parts), most, ageMs: ROOM_AGE_MS })
    const mail = createRoom({
      count: async () => (await parts.js.info(parts.names.mail)).bytes,
      most: mostMail(options.maxBytes),
      ageMs: ROOM_AGE_MS,
    })
    await Promise.all([room.look(), mail.look()])
    const engine = bounded(await engineOf(parts, engineOptions), room)
    return {
      ...engine,
      put: (box, id, frame, how) =>
        mail.take(frame.length)
          ? engine.put(box, id, frame, how)
          : Promise.resolve(refuse('storage-failed', STORAGE_RETRY_MS)),
    }
  }
}
