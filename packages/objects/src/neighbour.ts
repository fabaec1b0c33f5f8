/** What a node knows of one neighbour on one link: what it was told, what it asked, what was asked of it. */
import type { CarrierTraits, Link } from '@hyphae/core'
import type { Held } from './held.js'
import { BLOCK_BYTES, MAX_WAITING_MESSAGES, MAX_WINDOW, THIN_BELOW_BPS, WINDOW_SECONDS } from './limits.js'
import type { Message } from './message.js'
import { type Assembly, assembly, type Cutting } from './packet.js'
import { createSignal, type Signal } from './signal.js'

export type LinkTraits = Pick<CarrierTraits, 'mtu' | 'bandwidthBps' | 'reliable'>

/** A question under way. */
export interface Ask {
  readonly kind: 'describe' | 'blocks'
  /** Of a `blocks` ask: what has not come yet. */
  readonly blocks: Set<number>
  /** How often it was repeated. */
  tries: number
  /** When it was asked. */
  at: number
  /** Not under way, and not to be asked again before this; 0 while it is under way. */
  resting: number
}

/** What a neighbour asked for. */
export interface Job {
  readonly held: Held
  /** Its description, with the payload where that is allowed. */
  describe: boolean
  readonly blocks: Set<number>
}

/** How much a neighbour was told of an object. */
export type Told = 'described' | 'complete'

export interface Neighbour {
  /** Unique in the node: link and peer. */
  readonly name: string
  readonly peer: string
  readonly link: Link
  readonly traits: LinkTraits
  readonly cutting: Cutting
  readonly gone: AbortController
  readonly assembly: Assembly
  /** Something may be sent. */
  readonly outbound: Signal
  /** A time to look at the clock may have come nearer. */
  readonly attention: Signal
  /** Small messages, in order. */
  readonly urgent: Message[]
  readonly jobs: Map<string, Job>
  /** Objects to announce, and whether small ones are pushed whole. */
  readonly toTell: Map<string, { readonly push: boolean }>
  readonly told: Map<string, Told>
  /** Announced over an unreliable link and not heard of since: when, and how often. */
  readonly unsure: Map<string, { at: number; tries: number }>
  /** Objects it may be asked for. */
  readonly sources: Set<string>
  readonly asks: Map<string, Ask>
  /** Hashes it hinted at, by hexadecimal name. */
  readonly hints: Map<string, Uint8Array>
  /** Bytes it got of each object. */
  readonly served: Map<string, number>
  servedSince: number
  heard: boolean
  helloAt: number
  helloTries: number
  /** Something of what it announced was not taken: it is asked to announce everything again. */
  greetAt: number
  /** When it was last told everything, newest last, as far back as counts. */
  readonly announced: number[]
  /** It came back too soon to be told everything again; then it is. */
  tellAt: number
  progressAt: number
  messages: number
  faults: number
  mutedUntil: number
  /** Announcements and blocks take turns. */
  toldLast: boolean
}

export function makeNeighbour(
  id: { readonly name: string; readonly peer: string },
  link: Link,
  traits: LinkTraits,
  now: number,
): Neighbour {
  return {
    ...id,
    link,
    traits,
    cutting: { mtu: traits.mtu, thin: traits.bandwidthBps < THIN_BELOW_BPS },
    gone: new AbortController(),
    assembly: assembly(),
    outbound: createSignal(),
    attention: createSignal(),
    urgent: [],
    jobs: new Map(),
    toTell: new Map(),
    told: new Map(),
    unsure: new Map(),
    sources: new Set(),
    asks: new Map(),
    hints: new Map(),
    served: new Map(),
    servedSince: now,
    heard: false,
    helloAt: now,
    helloTries: 0,
    greetAt: Number.POSITIVE_INFINITY,
    announced: [],
    tellAt: Number.POSITIVE_INFINITY,
    progressAt: now,
    messages: 0,
    faults: 0,
    mutedUntil: 0,
    toldLast: false,
  }
}

/** Only descriptions of slower objects travel here. */
export function isFastEnough(neighbour: Neighbour, held: Held): boolean {
  return neighbour.traits.bandwidthBps >= held.header.minBandwidthBps
}

/** Blocks that may be under way for one object. */
export function windowOf({ traits }: Neighbour): number {
  const carried = Math.floor((traits.bandwidthBps * WINDOW_SECONDS) / (8 * BLOCK_BYTES))
  return Math.max(1, Math.min(MAX_WINDOW, carried))
}

/** Queues a small message. What does not fit pushes the oldest out: all of them are repeated by somebody. */
export function sendSoon(neighbour: Neighbour, message: Message): void {
  if (neighbour.urgent.length >= MAX_WAITING_MESSAGES) neighbour.urgent.shift()
  neighbour.urgent.push(message)
  neighbour.outbound.fire()
}

/** Forgets everything that concerns an object. */
export function forgetObject(neighbour: Neighbour, id: string): void {
  neighbour.jobs.delete(id)
  neighbour.toTell.delete(id)
  neighbour.told.delete(id)
  neighbour.unsure.delete(id)
  neighbour.sources.delete(id)
  neighbour.asks.delete(id)
  neighbour.served.delete(id)
}
