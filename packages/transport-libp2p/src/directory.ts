/**
 * The Directory port over the DHT: records are checked before they leave, merged with what is there, and read back from
 * other nodes before publishing counts. Stock lies at its owner's node (stock.ts).
 */
import {
  type Clock,
  type Directory,
  type DirectoryRecord,
  equalBytes,
  type IoOptions,
  type Logger,
  toHex,
} from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { verifyDirectoryRecord } from '@hyphae/tlv'
import type { KadDHT } from '@libp2p/kad-dht'
import { aborted } from './abort.js'
import { deadline } from './deadline.js'
import { encodeValue, mergeRecords, recordKey } from './directory-value.js'
import { Libp2pError } from './errors.js'
import {
  LOOKUP_TIMEOUT_MS,
  MAX_OWN_RECORDS,
  MAX_WRITERS,
  PUBLISH_TIMEOUT_MS,
  REPUBLISH_MS,
} from './limits.js'
import { askDht, mergeAnswers } from './lookup.js'
import type { RecordStore } from './record-store.js'
import type { StockDirectory } from './stock.js'

export interface DirectoryContext {
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly logger: Logger
  readonly dht: KadDHT
  readonly store: RecordStore
  readonly stock: StockDirectory
  /** Resolves when there is a node to ask. @throws Libp2pError `libp2p/unreachable` when none comes */
  readonly ready: (signal: AbortSignal) => Promise<void>
  /** Fires when the carrier closes. */
  readonly closed: AbortSignal
}

export function createDirectory(context: DirectoryContext): Directory {
  const own = new Map<string, DirectoryRecord>()
  void republish(context, own)
  return {
    publish: async (record, options) => {
      check(context, options)
      await publish(context, record, options?.signal)
      own.set(`${toHex(record.address)}/${toHex(record.writer)}`, record)
      for (const name of own.keys()) if (own.size > MAX_OWN_RECORDS) own.delete(name)
    },
    lookup: async (address, options) => {
      check(context, options)
      return lookup(context, address, LOOKUP_TIMEOUT_MS, options?.signal)
    },
    ...context.stock,
  }
}

/** @throws Libp2pError `libp2p/closed`, CoreError `core/aborted` */
function check({ closed }: DirectoryContext, options: IoOptions | undefined): void {
  if (closed.aborted) throw new Libp2pError('libp2p/closed')
  if (options?.signal?.aborted) throw aborted(options.signal)
}

async function lookup(
  context: DirectoryContext,
  address: Uint8Array,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<DirectoryRecord[]> {
  const limit = deadline(context.clock, ms, signal, context.closed)
  try {
    await context.ready(limit.signal)
    const { nodes, found } = await askDht(context, address, limit.signal)
    if (signal?.aborted) throw aborted(signal)
    const kept = context.store.records(address)
    // That there is none is more than anybody knows while nobody has answered.
    if (nodes === 0 && kept.length === 0) throw new Libp2pError('libp2p/unreachable')
    return mergeAnswers([kept, ...found])
  } finally {
    limit.done()
  }
}

async function publish(
  context: DirectoryContext,
  record: DirectoryRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!verifyDirectoryRecord(context.crypto, record))
    throw new Libp2pError('libp2p/bad-record', { details: { bytes: record.body.length } })
  const known = await lookup(context, record.address, LOOKUP_TIMEOUT_MS, signal)
  const before = known.find(({ writer }) => equalBytes(writer, record.writer))
  refuseStale(before, record)
  if (before === undefined && known.length >= MAX_WRITERS)
    throw new Libp2pError('libp2p/full', { details: { writers: known.length } })
  await spread(context, mergeRecords(known, [record]), record.address, signal)
  const isThere = (records: readonly DirectoryRecord[]): boolean =>
    records.some(({ signature }) => equalBytes(signature, record.signature))
  const limit = deadline(context.clock, LOOKUP_TIMEOUT_MS, signal, context.closed)
  const { found } = await askDht(context, record.address, limit.signal).finally(limit.done)
  if (!found.some(isThere)) throw new Libp2pError('libp2p/not-stored', { details: { nodes: found.length } })
}

/** @throws Libp2pError `libp2p/stale` */
function refuseStale(before: DirectoryRecord | undefined, record: DirectoryRecord): void {
  if (before === undefined || before.sequence < record.sequence) return
  if (before.sequence === record.sequence && equalBytes(before.signature, record.signature)) return
  throw new Libp2pError('libp2p/stale', {
    details: { sequence: record.sequence, stored: before.sequence },
  })
}

/** Tells the closest nodes. A node that refuses says nothing: reading back tells. */
async function spread(
  { dht, clock, closed }: DirectoryContext,
  records: readonly DirectoryRecord[],
  address: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const limit = deadline(clock, PUBLISH_TIMEOUT_MS, signal, closed)
  try {
    for await (const _ of dht.put(recordKey(address), encodeValue(records), { signal: limit.signal }));
  } catch {
    if (signal?.aborted) throw aborted(signal)
  } finally {
    limit.done()
  }
}

/** Own records again and again: nodes forget, and others come nearer to the address. */
async function republish(
  context: DirectoryContext,
  own: ReadonlyMap<string, DirectoryRecord>,
): Promise<void> {
  const { clock, closed, logger } = context
  for (;;) {
    await clock.sleep(REPUBLISH_MS, closed, true).catch(() => {})
    if (closed.aborted) return
    for (const record of own.values())
      await publish(context, record, closed).catch(() =>
        logger.warn('libp2p: a record could not be published again'),
      )
  }
}
