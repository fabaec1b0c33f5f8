/**
 * Blobs for carriers that have none: what is put becomes a pack, an object that travels over links as objects do, to
 * every node that accepts it; what arrived can be got (spec/objects.md, "Packs").
 */
import {
  type Blob,
  type Blobs,
  CoreError,
  isHyphaeError,
  type Logger,
  type Store,
  silentLogger,
} from '@hyphae/core'
import { type CryptoProvider, defaultCrypto } from '@hyphae/crypto'
import { readU16, readU32, writeU16, writeU32 } from '@hyphae/tlv'
import type { ObjectExchange } from './exchange.js'
import { HASH_BYTES, type ObjectHash } from './hash.js'
import { MAX_PACK_BLOBS } from './limits.js'
import { decodePack, encodePack, PACK_USE } from './pack.js'

const BLOB = 'object-blob'
const PACK = 'object-pack'
const ROW_BYTES: number = HASH_BYTES + 4 + 2

export interface LinkBlobsOptions {
  readonly exchange: ObjectExchange
  /** May be that of the exchange. Not closed. */
  readonly store: Store
  readonly crypto?: CryptoProvider
  readonly logger?: Logger
  /** Seconds that neighbours keep a pack; the longest when left out. */
  readonly ttl?: number
}

export interface LinkBlobs extends Blobs {
  /** Stops listening to the exchange. */
  close(): Promise<void>
}

/** What is put with `minBandwidthBps` waits for links that are fast enough; `bulk` makes it lazy. */
export async function linkBlobs(options: LinkBlobsOptions): Promise<LinkBlobs> {
  const { exchange, store, crypto = defaultCrypto, logger = silentLogger } = options
  const waiting = new Map<string, ObjectHash>()
  let indexing: Promise<void> = Promise.resolve()

  const indexAll = async (): Promise<void> => {
    for (const [id, hash] of waiting) {
      await indexPack({ exchange, store, crypto }, hash)
      waiting.delete(id)
    }
  }
  const index = (): Promise<void> => {
    indexing = indexing.catch(() => {}).then(indexAll)
    return indexing
  }
  const arrived = (hash: ObjectHash): void => {
    waiting.set(hash.join(), hash)
    index().catch((error: unknown) => {
      logger.warn('objects: a pack was not indexed', { code: isHyphaeError(error) ? error.code : 'unknown' })
    })
  }
  const stop = exchange.listen((event) => {
    if (event.type === 'complete' && event.description.header.use === PACK_USE)
      arrived(event.description.hash)
  })
  for (const { description, complete } of exchange.list())
    if (complete && description.header.use === PACK_USE)
      waiting.set(description.hash.join(), description.hash)
  await index()

  const get = async (hash: Uint8Array): Promise<Uint8Array | undefined> => {
    const row = await store.get([BLOB, hash])
    if (row?.length !== ROW_BYTES) return undefined
    const pack = row.slice(0, HASH_BYTES) as ObjectHash
    return exchange.readPart(pack, readU32(row, HASH_BYTES), readU16(row, HASH_BYTES + 4))
  }
  return {
    put: async (blobs, { minBandwidthBps = 0, priority, signal } = {}) => {
      checkOpen(signal)
      for (let at = 0; at < blobs.length; at += MAX_PACK_BLOBS) {
        const some: readonly Blob[] = blobs.slice(at, at + MAX_PACK_BLOBS)
        const payload = encodePack(some.map(({ data }) => data))
        const ttl = options.ttl === undefined ? {} : { ttl: options.ttl }
        const rank = priority === 'bulk' ? 'lazy' : 'normal'
        await exchange.publish({ payload, use: PACK_USE, minBandwidthBps, priority: rank, ...ttl })
      }
      await index()
    },
    get: async (hashes, { signal } = {}) => {
      checkOpen(signal)
      if (waiting.size > 0) await index()
      return Promise.all(hashes.map(get))
    },
    has: async (hashes, { signal } = {}) => {
      checkOpen(signal)
      return Promise.all(hashes.map(async (hash) => (await get(hash)) !== undefined))
    },
    close: async () => {
      stop()
      await indexing.catch(() => {})
    },
  }
}

function checkOpen(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new CoreError('core/aborted', { cause: signal.reason })
}

interface Index {
  readonly exchange: ObjectExchange
  readonly store: Store
  readonly crypto: CryptoProvider
}

/** Writes down where each blob of a pack is, once; a pack that is none is dropped. */
async function indexPack({ exchange, store, crypto }: Index, hash: ObjectHash): Promise<void> {
  if ((await store.get([PACK, hash])) !== undefined) return
  const pack = await exchange.read(hash)
  if (pack === undefined) return
  const blobs = decodePack(pack)
  if (blobs === null) return exchange.drop(hash)
  await store.transact((tx) => {
    for (const { offset, data } of blobs) {
      const row = new Uint8Array(ROW_BYTES)
      row.set(hash)
      writeU32(row, HASH_BYTES, offset)
      writeU16(row, HASH_BYTES + 4, data.length)
      tx.put([BLOB, crypto.sha256(data)], row)
    }
    tx.put([PACK, hash], new Uint8Array(1))
  })
}
