/**
 * What whoever watches the wire learns from timing alone: how often an endpoint receives soon after another has
 * sent, against how often it would by chance.
 */
import { CO_OCCURRENCE_MS } from '../limits.js'
import type { WireSighting } from './observations.js'

export interface TimingGuess {
  readonly sender: string
  readonly receiver: string
  /** Sends of the sender, and those soon followed by a receipt of the receiver. */
  readonly sends: number
  readonly followed: number
  /** How many would be by chance, at the receiver's rate. */
  readonly expected: number
  /** Standard deviations above chance. */
  readonly score: number
}

export interface TimingLeakage {
  readonly datagrams: number
  readonly bytes: number
  readonly sizes: Readonly<Record<number, number>>
  /** For each sender the receiver that stands out most, if one does. */
  readonly guesses: readonly TimingGuess[]
}

/** Polls and acknowledgements are shorter than any frame. */
export const LEAST_BYTES = 128
/** Below this a guess is noise: one in 741 by chance. */
export const LEAST_SCORE = 3
export const LEAST_SENDS = 3

interface Moment {
  readonly at: number
  readonly name: string
}

export function timingLeakage(wire: readonly WireSighting[], clients: readonly string[]): TimingLeakage {
  const known = new Set(clients)
  const sizes: Record<number, number> = {}
  const sends = new Map<string, number[]>()
  const receipts: Moment[] = []
  for (const { at, from, to, bytes } of wire) {
    sizes[bytes] = (sizes[bytes] ?? 0) + 1
    if (bytes < LEAST_BYTES) continue
    if (known.has(from)) {
      const times = sends.get(from) ?? []
      times.push(at)
      sends.set(from, times)
    }
    if (known.has(to)) receipts.push({ at, name: to })
  }
  const durationMs = (wire.at(-1)?.at ?? 0) - (wire[0]?.at ?? 0)
  const guesses = [...sends].flatMap(([sender, times]) => bestGuess(sender, times, receipts, durationMs))
  const bytes = wire.reduce((sum, one) => sum + one.bytes, 0)
  return { datagrams: wire.length, bytes, sizes, guesses: guesses.sort((a, b) => b.score - a.score) }
}

function firstAfter(receipts: readonly Moment[], time: number): number {
  let low = 0
  let high = receipts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((receipts[middle] as Moment).at <= time) low = middle + 1
    else high = middle
  }
  return low
}

function bestGuess(
  sender: string,
  times: readonly number[],
  receipts: readonly Moment[],
  durationMs: number,
): TimingGuess[] {
  if (times.length < LEAST_SENDS || durationMs === 0) return []
  const total = new Map<string, number>()
  for (const { name } of receipts) total.set(name, (total.get(name) ?? 0) + 1)
  const followed = new Map<string, number>()
  for (const time of times) {
    const near = new Set<string>()
    for (let index = firstAfter(receipts, time); index < receipts.length; index++) {
      const { at, name } = receipts[index] as Moment
      if (at > time + CO_OCCURRENCE_MS) break
      if (name !== sender) near.add(name)
    }
    for (const name of near) followed.set(name, (followed.get(name) ?? 0) + 1)
  }
  const guesses = [...followed].map(([receiver, count]): TimingGuess => {
    const chance = 1 - Math.exp((-(total.get(receiver) ?? 0) * CO_OCCURRENCE_MS) / durationMs)
    const expected = times.length * chance
    const score = (count - expected) / Math.sqrt(Math.max(expected * (1 - chance), Number.EPSILON))
    return { sender, receiver, sends: times.length, followed: count, expected, score }
  })
  const best = guesses.sort((a, b) => b.score - a.score)[0]
  return best !== undefined && best.score >= LEAST_SCORE ? [best] : []
}
