/** What a simulated link does to what goes over it: chances, delays and air time, drawn from a seed. */
import { LINK_QUEUE_BYTES } from '../limits.js'
import type { SeededRandom } from '../seeded-random.js'

/** Uniform between two milliseconds, or any distribution. */
export type Delay = readonly [least: number, most: number] | ((random: SeededRandom) => number)

export interface LinkConditions {
  /** Probability that a datagram is lost. */
  readonly loss?: number
  /** Each datagram draws its own, so an uneven delay reorders. */
  readonly delayMs?: Delay
  /** Nothing overtakes, as on a stream. */
  readonly ordered?: boolean
  /** Probability that a datagram arrives twice. */
  readonly duplicate?: number
  /** Probability that a datagram is held back by up to `reorderMs` more. */
  readonly reorder?: number
  readonly reorderMs?: number
  /** Bits per second; datagrams wait for those before them. */
  readonly bandwidthBps?: number
  /** Part of the time a sender may be on the air, 0 to 1: after a datagram it is silent for the rest. */
  readonly dutyCycle?: number
  /** Links that name one medium share its air: one sends at a time. Otherwise each direction has its own. */
  readonly medium?: string
  /** Largest datagram in bytes; longer ones are refused. */
  readonly mtu?: number
  /** Bytes that wait to be sent before more are dropped. */
  readonly queueBytes?: number
}

/** A LoRa channel: shared air, a duty cycle, datagrams of at most 255 bytes. */
export function lora(bitsPerSecond: number, options: LinkConditions = {}): LinkConditions {
  return { bandwidthBps: bitsPerSecond, mtu: 255, medium: 'lora', delayMs: [1, 5], ...options }
}

export function drawDelay(delay: Delay | undefined, random: SeededRandom): number {
  if (delay === undefined) return 0
  if (typeof delay === 'function') return Math.max(0, delay(random))
  const [least, most] = delay
  return least + random.next() * (most - least)
}

/** When the air is free again, by medium or direction, and by sender that must keep silent. */
export interface Airtime {
  /** When the last bit of a datagram leaves; undefined when the queue is full. */
  leave(
    link: string,
    sender: string,
    bytes: number,
    conditions: LinkConditions,
    now: number,
  ): number | undefined
}

export function airtime(): Airtime {
  const freeAt = new Map<string, number>()
  return {
    leave: (link, sender, bytes, conditions, now) => {
      const { bandwidthBps, dutyCycle = 1, medium, queueBytes = LINK_QUEUE_BYTES } = conditions
      if (bandwidthBps === undefined) return now
      const air = medium === undefined ? link : `medium ${medium}`
      const silence = `silence ${medium ?? link} ${sender}`
      const start = Math.max(now, freeAt.get(air) ?? 0, freeAt.get(silence) ?? 0)
      const onAirMs = (bytes * 8000) / bandwidthBps
      const capacityMs = (queueBytes * 8000) / (bandwidthBps * dutyCycle)
      if (start - now > capacityMs) return undefined
      freeAt.set(air, start + onAirMs)
      freeAt.set(silence, start + onAirMs / dutyCycle)
      return start + onAirMs
    },
  }
}
