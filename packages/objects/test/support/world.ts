// Nodes of the simulator with an exchange each, and links between them that appear when a test says so.
import { createNodeCrypto } from '@hyphae/crypto'
import { type Attachment, type ExchangeOptions, type ObjectExchange, openExchange } from '@hyphae/objects'
import {
  type LinkConditions,
  type NodeLife,
  type SimulatedNetwork,
  type SimulatedNode,
  type Simulation,
  simulatedNetwork,
  simulation,
  sockets,
} from '@hyphae/testkit'
import { type Radio, radio } from './radio.js'

/** Links of one kind between any two stations. */
export interface Ether {
  readonly network: SimulatedNetwork
  /** Begins to use it at a station, towards the named ones. */
  readonly join: (station: Station, peers: readonly string[]) => Joined
}

export interface Joined extends Radio {
  readonly attachment: Attachment
}

export interface Station {
  readonly name: string
  readonly node: SimulatedNode
  readonly life: NodeLife
  /** Of the present life. */
  readonly exchange: ObjectExchange
}

export interface World {
  readonly sim: Simulation
  readonly ether: (conditions: LinkConditions) => Ether
  /** Up, with an exchange on its disk; `begin` runs in each life when it is open. */
  readonly station: (
    name: string,
    begin?: (station: Station) => void,
    options?: Partial<ExchangeOptions> & { readonly skewMs?: number },
  ) => Promise<Station>
}

export function world(seed = 1): World {
  const sim = simulation({ seed })
  return {
    sim,
    ether: (conditions) => {
      const network = simulatedNetwork(sim, { conditions })
      const all = sockets(network)
      return {
        network,
        join: (station, peers) => {
          const made = radio(all, station.life, network.conditions(station.name, ''))
          const attachment = station.exchange.attach({ link: made.link, traits: made.traits, peers })
          return { ...made, attachment }
        },
      }
    },
    station: async (name, begin, { skewMs = 0, ...options } = {}) => {
      const state: { life?: NodeLife; exchange?: ObjectExchange } = {}
      const program = async (life: NodeLife): Promise<void> => {
        const crypto = createNodeCrypto({ rng: life.rng })
        const exchange = await openExchange({ store: life.disk, clock: life.clock, crypto, ...options })
        Object.assign(state, { life, exchange })
        begin?.(station)
      }
      const node = sim.node(name, program, { skewMs })
      const station: Station = {
        name,
        node,
        get life() {
          return state.life as NodeLife
        },
        get exchange() {
          return state.exchange as ObjectExchange
        },
      }
      node.boot()
      await sim.run({ until: () => state.exchange !== undefined })
      return station
    },
  }
}

export function pattern(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 17 + seed) & 0xff)
}
