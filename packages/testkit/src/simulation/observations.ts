/**
 * What adversaries see, written down while it happens: each relay its connections and what they touch, an
 * observer of the wire who sends how much to whom. Never a content, which is encrypted; `leakage.ts` says what
 * can be linked.
 */
import { MAX_SIGHTINGS } from '../limits.js'
import type { Datagram } from './datagram.js'
import type { Simulation } from './simulation.js'

/** One thing that a relay or another server was asked. */
export interface Sighting {
  readonly at: number
  /** The server that saw it. */
  readonly observer: string
  /** One connection of one carrier: what it does is known to be done by one client. */
  readonly connection: string
  /** Network address the connection came from. */
  readonly address: string
  readonly action: string
  /** Box, directory address, stock or blob, in hexadecimal. */
  readonly subject: string
  readonly bytes: number
  /** Names one sealed request over two hops, for those who see both of its ends. */
  readonly hop?: string
}

/** One datagram, as whoever watches the wire sees it. */
export interface WireSighting {
  readonly at: number
  readonly from: string
  readonly to: string
  readonly bytes: number
}

export interface Observations {
  see(sighting: Omit<Sighting, 'at'>): void
  wire(datagram: Datagram): void
  sightings(observer?: string): readonly Sighting[]
  wireSightings(): readonly WireSighting[]
  /** Watching the wire is off until this is called: it costs memory. */
  watchWire(): void
}

export function observations(sim: Simulation): Observations {
  const seen: Sighting[] = []
  const onWire: WireSighting[] = []
  let watching = false
  const now = (): number => sim.clock.now()
  return {
    see: (sighting) => {
      if (seen.length < MAX_SIGHTINGS) seen.push({ at: now(), ...sighting })
    },
    wire: ({ from, to, bytes }) => {
      if (watching && onWire.length < MAX_SIGHTINGS) onWire.push({ at: now(), from, to, bytes })
    },
    sightings: (observer) =>
      observer === undefined ? seen : seen.filter((one) => one.observer === observer),
    wireSightings: () => onWire,
    watchWire: () => {
      watching = true
    },
  }
}
