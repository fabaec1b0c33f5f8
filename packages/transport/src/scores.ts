/**
 * What is known of each way by its use (spec/transport.md, "Choosing"): how long answers take, smoothed as in RFC 6298, and
 * how often it failed lately. Knows neither carriers nor frames.
 */
import type { Clock } from '@hyphae/core'
import { FAILURE_HALF_LIFE_MS, LEAST_LATE_MS, MAX_FAILURES, MAX_MEASURED_WAYS } from './limits.js'

/** RFC 6298, section 2: weights of a new measurement in the mean and in the deviation. */
const MEAN_WEIGHT = 1 / 8
const DEVIATION_WEIGHT = 1 / 4
const DEVIATIONS = 4

export interface Scores {
  /** Smoothed milliseconds until an answer; undefined when none came yet. */
  latencyMs(way: string): number | undefined
  /** Milliseconds after which an answer is late; `unknownMs` while none came. */
  lateMs(way: string, unknownMs: number): number
  /** It has failed lately, and not often enough answered since. */
  isFailing(way: string): boolean
  answered(way: string, ms: number): void
  failed(way: string): void
}

interface Score {
  mean: number | undefined
  deviation: number
  /** Failures, as of `failedAt`. */
  failures: number
  failedAt: number
}

export function createScores(clock: Clock): Scores {
  const scores = new Map<string, Score>()
  const used = (way: string): Score => {
    const score = scores.get(way) ?? { mean: undefined, deviation: 0, failures: 0, failedAt: 0 }
    scores.delete(way)
    scores.set(way, score)
    for (const oldest of scores.keys()) {
      if (scores.size <= MAX_MEASURED_WAYS) break
      scores.delete(oldest)
    }
    return score
  }
  /** A clock that was set back lets nothing decay, and nothing grow. */
  const failuresNow = ({ failures, failedAt }: Score): number =>
    failures * 2 ** (-Math.max(0, clock.now() - failedAt) / FAILURE_HALF_LIFE_MS)
  return {
    latencyMs: (way) => scores.get(way)?.mean,
    lateMs: (way, unknownMs) => {
      const score = scores.get(way)
      if (score?.mean === undefined) return unknownMs
      return Math.max(LEAST_LATE_MS, score.mean + DEVIATIONS * score.deviation)
    },
    isFailing: (way) => {
      const score = scores.get(way)
      return score !== undefined && failuresNow(score) > 0.5
    },
    answered: (way, ms) => {
      const score = used(way)
      score.failures = 0
      if (score.mean === undefined) {
        score.mean = ms
        score.deviation = ms / 2
      } else {
        score.deviation += DEVIATION_WEIGHT * (Math.abs(score.mean - ms) - score.deviation)
        score.mean += MEAN_WEIGHT * (ms - score.mean)
      }
    },
    failed: (way) => {
      const score = used(way)
      score.failures = Math.min(MAX_FAILURES, failuresNow(score) + 1)
      score.failedAt = clock.now()
    },
  }
}
