/** How small a bucket may be read: so small that its reader hides among enough boxes. spec/relay.md section 3.3. */
import type { Clock } from '@hyphae/core'
import { MAX_BUCKET_BITS } from '@hyphae/transport-relay/wire'
import type { EngineStats, RelayEngine } from '../engine/engine.js'
import { ANONYMITY_CACHE_MS, BUCKET_SLACK_BITS, type RelayLimits, SERVED_BUCKET_BITS } from '../limits.js'

export interface Anonymity {
  /** The most bits of a bucket that may be read now. */
  bits(): Promise<number>
  /** The same as it was when it was last asked; asks again when that is a while ago. */
  latest(): number
  /** What is recommended: a bit less, so that a relay about to shrink does not turn its readers away. */
  offered(): Promise<number>
}

export function bucketBitsFor(boxes: number, { bucketBoxes }: RelayLimits): number {
  const buckets = boxes / Math.max(1, bucketBoxes)
  return buckets < 1 ? 0 : Math.min(MAX_BUCKET_BITS, Math.floor(Math.log2(buckets)))
}

/** A bucket so much larger would cost more to read than it hides. */
export function leastBits(most: number): number {
  return Math.max(0, Math.min(most - BUCKET_SLACK_BITS, SERVED_BUCKET_BITS))
}

/** Counts boxes with mail, or what else `crowd` takes of the figures. Asks the store at most once in a while. */
export function createAnonymity(
  engine: RelayEngine,
  limits: RelayLimits,
  clock: Clock,
  crowd: (stats: EngineStats) => number = ({ boxes }) => boxes,
): Anonymity {
  let askedAt = Number.NEGATIVE_INFINITY
  let answer = Promise.resolve(0)
  let known = 0
  const keep = (most: number): void => {
    known = most
  }
  const bits = (): Promise<number> => {
    const now = clock.now()
    if (Math.abs(now - askedAt) >= ANONYMITY_CACHE_MS) {
      askedAt = now
      answer = engine.stats().then((stats) => bucketBitsFor(crowd(stats), limits))
      answer.then(keep, () => {
        askedAt = Number.NEGATIVE_INFINITY
      })
    }
    return answer
  }
  return {
    bits,
    latest: () => {
      bits().catch(() => {})
      return known
    },
    offered: async () => Math.max(0, (await bits()) - 1),
  }
}
