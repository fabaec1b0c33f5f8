/**
 * A network inside one process (spec/transport.md): all carriers of one network share mailboxes, directory,
 * blobs and topics, with the semantics of a relay. Runs wherever JavaScript does. It stores in memory only, so "stored"
 * lasts as long as the process.
 */
import {
  type Blob,
  type Blobs,
  type Carrier,
  type CarrierTraits,
  type Directory,
  KEY_BYTES,
  MAX_FRAME_BYTES,
  type Transport,
  toHex,
} from '@hyphae/core'
import { TransportError } from './errors.js'
import { type FaultDice, faultDice, type NetworkFaults } from './faults.js'
import { MAX_BLOB_BYTES } from './limits.js'
import { createDirectoryTable, type DirectoryChecks, type DirectoryTable } from './memory-directory.js'
import { type BoxTable, createBoxTable, memoryMailbox, ready, type VerifyProof } from './memory-mailbox.js'
import { crowdPart, recordBits } from './memory-record-buckets.js'
import { createTopicTable, memoryTopic, type TopicTable } from './memory-topic.js'

/** What the network verifies. It brings no cryptography of its own: what is left out is not checked. */
export interface NetworkChecks extends DirectoryChecks {
  readonly proof?: VerifyProof
  readonly blob?: (blob: Blob) => boolean
}

export interface MemoryNetworkOptions {
  readonly checks?: NetworkChecks
  /** Loss, duplicates and latency from a seed. */
  readonly faults?: NetworkFaults
}

interface Network {
  readonly boxes: BoxTable
  readonly directory: DirectoryTable
  readonly blobs: Map<string, Uint8Array>
  readonly topics: TopicTable
  readonly dice: FaultDice
  readonly checks: NetworkChecks
}

const TRAITS: CarrierTraits = {
  mtu: MAX_FRAME_BYTES,
  bandwidthBps: 1_000_000_000,
  latencyMs: 0,
  reliable: true,
  ordered: true,
  metered: false,
  privacy: 'relayed',
}

/** Each call of what it returns is one more carrier on the same network. */
export function memoryNetwork(options: MemoryNetworkOptions = {}): () => Transport {
  const checks = options.checks ?? {}
  const network: Network = {
    boxes: createBoxTable(checks.proof),
    directory: createDirectoryTable(checks),
    blobs: new Map(),
    topics: createTopicTable(),
    dice: faultDice(options.faults),
    checks,
  }
  return () => async (components) => {
    const closing = new AbortController()
    const close = async (): Promise<void> => closing.abort()
    const context = { ...network, clock: components.clock, closed: closing.signal }
    const carrier: Carrier = {
      name: 'memory',
      traits: TRAITS,
      mailbox: memoryMailbox(context),
      directory: directoryOf(network, closing.signal),
      blobs: blobsOf(network, closing.signal),
      topic: memoryTopic(network.topics, closing.signal),
      close,
      [Symbol.asyncDispose]: close,
    }
    return carrier
  }
}

function directoryOf({ directory }: Network, closed: AbortSignal): Directory {
  const context = { closed }
  return {
    buckets: {
      bits: async (options) => {
        ready(context, options)
        return recordBits(directory.records().length)
      },
      fetch: async (bucket, options = {}) => {
        ready(context, options)
        return crowdPart(directory.records(), bucket, options)
      },
    },
    publish: async (record, options) => {
      ready(context, options)
      directory.publish(record)
    },
    lookup: async (address, options) => {
      ready(context, options)
      return directory.lookup(address)
    },
    stock: async (upload, options) => {
      ready(context, options)
      directory.stock(upload)
    },
    take: async (writer, kind, options) => {
      ready(context, options)
      return directory.take(writer, kind)
    },
    remaining: async (writer, kind, options) => {
      ready(context, options)
      return directory.remaining(writer, kind)
    },
  }
}

function blobsOf({ blobs, checks }: Network, closed: AbortSignal): Blobs {
  const context = { closed }
  return {
    put: async (items, options) => {
      ready(context, options)
      for (const blob of items) checkBlob(blob, checks)
      for (const { hash, data } of items) blobs.set(toHex(hash), data.slice())
    },
    get: async (hashes, options) => {
      ready(context, options)
      return hashes.map((hash) => blobs.get(toHex(hash))?.slice())
    },
    has: async (hashes, options) => {
      ready(context, options)
      return hashes.map((hash) => blobs.has(toHex(hash)))
    },
  }
}

/** @throws TransportError `transport/bad-blob` */
function checkBlob(blob: Blob, checks: NetworkChecks): void {
  if (blob.hash.length === KEY_BYTES && blob.data.length <= MAX_BLOB_BYTES && checks.blob?.(blob) !== false)
    return
  throw new TransportError('transport/bad-blob', {
    details: { bytes: blob.data.length, limit: MAX_BLOB_BYTES },
  })
}
