/**
 * A directory spread over many servers, some of them Sybils (hostile case 44): the records of an address lie at
 * the servers whose names are nearest to it, as in a DHT. A path is one way of looking, over servers that no other
 * path asks; it shows what an eclipse of one path, or of most, can do.
 */
import {
  type DirectoryRecord,
  equalBytes,
  type IoOptions,
  type StockItem,
  type Transport,
} from '@hyphae/core'
import { TestkitError } from '../errors.js'
import type { SeededRandom } from '../seeded-random.js'
import { call } from './call.js'
import type { NodeLife } from './life.js'
import type { SimulatedNetwork } from './network.js'
import { type DirectoryChecks, type DirectoryTable, directoryTable } from './relay-directory.js'

export interface SwarmOptions {
  readonly servers: number
  /** Part of the servers that lie, 0 to 1. */
  readonly sybils?: number
  /** Disjoint sets of servers; a carrier uses one of them. */
  readonly paths?: number
  /** Servers that keep and are asked for one address, on each path. */
  readonly replicas?: number
  readonly checks?: DirectoryChecks
  /** What a Sybil answers beside silence and old records. */
  forge?(address: Uint8Array, random: SeededRandom): DirectoryRecord[]
}

export interface SimulatedSwarm {
  readonly paths: number
  /** A carrier with a Directory that asks the servers of one path. */
  transport(life: NodeLife, path: number): Transport
}

interface Server {
  readonly name: string
  readonly place: number
  readonly sybil: boolean
  readonly table: DirectoryTable
  readonly random: SeededRandom
}

const RECORD_OVERHEAD_BYTES = 136

export function simulatedSwarm(network: SimulatedNetwork, options: SwarmOptions): SimulatedSwarm {
  const { servers: count, sybils = 0, paths = 2, checks = {} } = options
  const sim = network.simulation
  const random = sim.random('swarm')
  const lying = new Set(
    random.shuffle(Array.from({ length: count }, (_, index) => index)).slice(0, Math.round(count * sybils)),
  )
  const servers = Array.from({ length: count }, (_, index): Server => {
    const name = `directory${index}`
    const sybil = lying.has(index)
    network.attach(name, () => true)
    // A Sybil takes everything in: it is its answers that are wrong.
    const table = directoryTable(sybil ? {} : checks)
    return { name, place: random.integer(2 ** 32), sybil, table, random: sim.random(name) }
  })
  return {
    paths,
    transport: (life, path) => async () => {
      const onPath = servers.filter((_, index) => index % paths === path)
      const close = async (): Promise<void> => {}
      return {
        name: `simulated directory path ${path}`,
        traits: {
          mtu: 8192,
          bandwidthBps: 1_000_000_000,
          latencyMs: 0,
          reliable: false,
          ordered: false,
          metered: false,
          privacy: 'direct',
        },
        directory: swarmDirectory(network, life, onPath, options),
        close,
        [Symbol.asyncDispose]: close,
      }
    },
  }
}

function swarmDirectory(
  network: SimulatedNetwork,
  life: NodeLife,
  servers: readonly Server[],
  options: SwarmOptions,
): NonNullable<Awaited<ReturnType<Transport>>['directory']> {
  const replicas = options.replicas ?? 4
  /** Asks the nearest servers at once; those that answered. */
  const ask = async <T>(
    what: string,
    address: Uint8Array,
    io: IoOptions | undefined,
    serve: (server: Server) => T,
  ): Promise<T[]> => {
    const asked = nearest(servers, address, replicas).map((server) => {
      const request = {
        server: server.name,
        what,
        bytes: address.length,
        signal: io?.signal,
        open: new Set<() => void>(),
      }
      return call<T>(network, life, request, (answer) => {
        network.observations.see({
          observer: server.name,
          connection: `${server.name}/${life.name}`,
          address: life.name,
          action: what,
          subject: Array.from(address.subarray(0, 8)).join('.'),
          bytes: 0,
        })
        answer({ value: serve(server), bytes: RECORD_OVERHEAD_BYTES })
      })
    })
    const answers = await Promise.allSettled(asked)
    const values = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const [first] = answers
    if (values.length === 0 && first?.status === 'rejected') throw first.reason
    return values
  }
  const unsupported = async (): Promise<never> => {
    throw new TestkitError('testkit/refused', { details: { reason: 'a swarm holds records alone' } })
  }
  return {
    publish: async (record, io) => {
      await ask('publish', record.address, io, (server) => server.table.publish(record))
    },
    lookup: async (address, io) => {
      const answers = await ask('lookup', address, io, (server) => answerOf(server, address, options))
      return distinct(answers.flat())
    },
    stock: unsupported,
    take: unsupported as () => Promise<StockItem | undefined>,
    remaining: unsupported,
  }
}

/** Silence, what stood there before, or an invention; an honest server tells what it has. */
function answerOf(
  { sybil, table, random }: Server,
  address: Uint8Array,
  options: SwarmOptions,
): DirectoryRecord[] {
  if (!sybil) return table.lookup(address)
  const lie = random.integer(3)
  if (lie === 0) return []
  return lie === 1 ? table.outdated(address) : (options.forge?.(address, random) ?? [])
}

function nearest(servers: readonly Server[], address: Uint8Array, count: number): Server[] {
  const view = new DataView(address.buffer, address.byteOffset, address.byteLength)
  const place = view.getUint32(0)
  const distance = ({ place: other }: Server): number => (place ^ other) >>> 0
  return [...servers].sort((a, b) => distance(a) - distance(b)).slice(0, count)
}

function distinct(records: readonly DirectoryRecord[]): DirectoryRecord[] {
  return records.filter(
    (record, index) =>
      !records.slice(0, index).some((other) => equalBytes(other.signature, record.signature)),
  )
}
