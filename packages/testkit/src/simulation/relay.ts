/** A simulated relay and the carriers of its clients: Mailbox, Directory and Blobs over a faulty network. */
import {
  type Blobs,
  type Carrier,
  type CarrierTraits,
  type Directory,
  KEY_BYTES,
  MAX_FRAME_BYTES,
  type Transport,
  toHex,
} from '@hyphae/core'
import { TestkitError } from '../errors.js'
import type { NodeLife } from './life.js'
import type { SimulatedNetwork } from './network.js'
import { relayBuckets } from './relay-bucket-mailbox.js'
import { type Client, relayClient } from './relay-client.js'
import { relayMailbox } from './relay-mailbox.js'
import { relayRecordBuckets } from './relay-record-buckets.js'
import { type RelayOptions, type RelayServer, relayServer, type SimulatedRelay } from './relay-server.js'

/** A relay and the transports to it. */
export interface RelayEndpoint extends SimulatedRelay {
  /**
   * For one life of a node; each carrier started from it is one connection. Through another relay, where that is given:
   * it sees who asks, and this one what.
   */
  transport(life: NodeLife, options?: { readonly via?: RelayEndpoint }): Transport
  /** How others reach it. */
  readonly server: RelayServer
}

export function simulatedRelay(
  network: SimulatedNetwork,
  name: string,
  options: RelayOptions = {},
): RelayEndpoint {
  const server = relayServer(network, name, options)
  let connections = 0
  const transport: RelayEndpoint['transport'] = (life, { via } = {}) => {
    return async () => {
      connections += 1
      const entry = via?.server
      const client = relayClient({ network, server, entry }, life, `${entry?.name ?? name}#${connections}`)
      const traits = traitsOf(network, life.name, entry?.name ?? name)
      return carrierOf(client, name, entry === undefined ? traits : { ...traits, privacy: 'two-hop' })
    }
  }
  const { crash, restart, lie, release, waiting } = server
  return { name, crash, restart, lie, release, waiting, transport, server }
}

function traitsOf(network: SimulatedNetwork, from: string, to: string): CarrierTraits {
  const { bandwidthBps = 1_000_000_000, delayMs } = network.conditions(from, to)
  const latencyMs = Array.isArray(delayMs) ? (delayMs[0] + delayMs[1]) / 2 : 0
  return {
    mtu: MAX_FRAME_BYTES,
    bandwidthBps,
    latencyMs,
    reliable: true,
    ordered: true,
    metered: false,
    privacy: 'relayed',
  }
}

function carrierOf(client: Client, name: string, traits: CarrierTraits): Carrier {
  return {
    name: `simulated relay ${name}`,
    traits,
    mailbox: relayMailbox(client),
    buckets: relayBuckets(client),
    directory: directoryOf(client),
    blobs: blobsOf(client),
    close: client.close,
    [Symbol.asyncDispose]: client.close,
  }
}

function directoryOf(client: Client): Directory {
  return {
    buckets: relayRecordBuckets(client),
    publish: async (record, options) => {
      client.ready(options)
      await client.ask<void>('publish', record.body.length + 136, options, ({ server, saw }, answer) => {
        saw('publish', record.address, record.body.length)
        server.directory.publish(record)
        answer({ value: undefined, bytes: 0 })
      })
    },
    lookup: async (address, options) => {
      client.ready(options)
      return client.ask('lookup', KEY_BYTES, options, ({ server, saw }, answer) => {
        saw('lookup', address, 0)
        const value = server.liar.records(server.directory, address)
        answer({ value, bytes: value.reduce((sum, { body }) => sum + body.length + 136, 0) })
      })
    },
    stock: async (upload, options) => {
      client.ready(options)
      const bytes = upload.items.reduce((sum, item) => sum + item.length, upload.lastResort.length)
      await client.ask<void>('stock', bytes, options, ({ server, saw }, answer) => {
        saw('stock', upload.writer, bytes)
        server.directory.stock(upload)
        answer({ value: undefined, bytes: 0 })
      })
    },
    take: async (writer, kind, options) => {
      client.ready(options)
      return client.ask('take', KEY_BYTES + 1, options, ({ server, saw }, answer) => {
        saw('take', writer, 0)
        const value = server.directory.take(writer, kind)
        answer({ value, bytes: value?.item.length ?? 0 })
      })
    },
    remaining: async (writer, kind, options) => {
      client.ready(options)
      return client.ask('remaining', KEY_BYTES + 1, options, ({ server, saw }, answer) => {
        saw('remaining', writer, 0)
        answer({ value: server.directory.remaining(writer, kind), bytes: 4 })
      })
    },
  }
}

function blobsOf(client: Client): Blobs {
  return {
    put: async (blobs, options) => {
      client.ready(options)
      const copies = blobs.map(({ hash, data }) => ({ hash: hash.slice(), data: data.slice() }))
      const bytes = copies.reduce((sum, { data }) => sum + data.length + KEY_BYTES, 0)
      await client.ask<void>('put blobs', bytes, options, ({ server, saw }, answer) => {
        for (const blob of copies) {
          const fits = blob.hash.length === KEY_BYTES && blob.data.length <= MAX_FRAME_BYTES
          if (!fits || server.checks.blob?.(blob) === false)
            throw new TestkitError('testkit/refused', { details: { reason: 'not a blob' } })
        }
        for (const { hash, data } of copies) {
          saw('put blob', hash, data.length)
          server.blobs.set(toHex(hash), data)
        }
        answer({ value: undefined, bytes: 0 })
      })
    },
    get: async (hashes, options) => {
      client.ready(options)
      return client.ask('get blobs', hashes.length * KEY_BYTES, options, ({ server, saw }, answer) => {
        for (const hash of hashes) saw('get blob', hash, 0)
        const value = hashes.map((hash) => server.blobs.get(toHex(hash))?.slice())
        answer({ value, bytes: value.reduce((sum, data) => sum + (data?.length ?? 0), 0) })
      })
    },
    has: async (hashes, options) => {
      client.ready(options)
      return client.ask('has blobs', hashes.length * KEY_BYTES, options, ({ server, saw }, answer) => {
        for (const hash of hashes) saw('has blob', hash, 0)
        answer({ value: hashes.map((hash) => server.blobs.has(toHex(hash))), bytes: hashes.length })
      })
    },
  }
}
