/**
 * Faults of a memory network, from a seed: the same seed gives the same run. For tests only; the generator
 * (mulberry32) is predictable by design.
 */
import type { Clock } from '@hyphae/core'
import { TransportError } from './errors.js'

export interface NetworkFaults {
  readonly seed: number
  /** Probability that a put rejects with `transport/lost`; every other time what it carried was stored. */
  readonly loss?: number
  /** Probability that a watched delivery comes twice. */
  readonly duplicate?: number
  /** Milliseconds each box's part of a put takes, drawn between the two: frames for two boxes overtake each other. */
  readonly latencyMs?: readonly [least: number, most: number]
}

export interface FaultDice {
  /** Waits the latency of one way. */
  travel(clock: Clock): Promise<void>
  /** Says whether this put is lost, and if so whether on the way there or on the way back. */
  loss(): 'none' | 'request' | 'answer'
  duplicates(): boolean
}

export function faultDice(faults: NetworkFaults | undefined): FaultDice {
  if (faults === undefined) return { travel: async () => {}, loss: () => 'none', duplicates: () => false }
  const next = mulberry32(faults.seed)
  const [least, most] = faults.latencyMs ?? [0, 0]
  return {
    travel: async (clock) => {
      if (most > 0) await clock.sleep(least + Math.floor(next() * (most - least + 1)))
    },
    loss: () => {
      if (next() >= (faults.loss ?? 0)) return 'none'
      return next() < 0.5 ? 'request' : 'answer'
    },
    duplicates: () => next() < (faults.duplicate ?? 0),
  }
}

export function lost(): TransportError {
  return new TransportError('transport/lost')
}

/** Uniform in [0, 1); the state is one 32-bit number. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
