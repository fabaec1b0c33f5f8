/**
 * Who is busy when: for whoever sees each client's traffic and nothing in it, the network or an entry. Over a long time
 * those who talk are busy together; that is the intersection, or statistical disclosure, attack.
 */
import { ACTIVITY_BINS_MS } from '../limits.js'
import { bestClaims, type TalkingPair } from './leakage-attack.js'
import { LEAST_SCORE } from './timing.js'

/** Bytes that a client sent or received at a time. */
export interface Activity {
  readonly at: number
  readonly name: string
  readonly way: 'sent' | 'received'
  readonly bytes: number
}

export function claimsByActivity(activity: readonly Activity[], names: readonly string[]): TalkingPair[] {
  const start = Math.min(...activity.slice(0, 1).map(({ at }) => at))
  const end = activity.at(-1)?.at ?? start
  const views = ACTIVITY_BINS_MS.map((binMs) => {
    const bins = Math.floor((end - start) / binMs)
    return {
      bins,
      sent: shapes(activity, 'sent', start, binMs),
      received: shapes(activity, 'received', start, binMs),
    }
  }).filter(({ bins }) => bins >= LEAST_BINS)
  const score = (one: string, other: string): number =>
    Math.max(
      0,
      ...views.flatMap(({ bins, sent, received }) => {
        const from = sent.get(one)
        const to = received.get(other)
        if (from === undefined || to === undefined) return []
        return [0, 1].map((lag) => correlation(from, to, bins, lag) * Math.sqrt(bins))
      }),
    )
  return bestClaims(names, score, LEAST_SCORE)
}

/** Fewer bins say nothing. */
const LEAST_BINS = 10

interface Shape {
  readonly byBin: ReadonlyMap<number, number>
  readonly sum: number
  readonly squares: number
}

function shapes(
  activity: readonly Activity[],
  way: Activity['way'],
  start: number,
  binMs: number,
): Map<string, Shape> {
  const counts = new Map<string, Map<number, number>>()
  for (const one of activity) {
    if (one.way !== way) continue
    const bins = counts.get(one.name) ?? new Map<number, number>()
    const bin = Math.floor((one.at - start) / binMs)
    counts.set(one.name, bins.set(bin, (bins.get(bin) ?? 0) + one.bytes))
  }
  return new Map(
    [...counts].map(([name, byBin]) => {
      let [sum, squares] = [0, 0]
      for (const value of byBin.values()) {
        sum += value
        squares += value * value
      }
      return [name, { byBin, sum, squares }]
    }),
  )
}

/** Pearson's, of what one sends with what the other receives `lag` bins later. */
function correlation(one: Shape, other: Shape, bins: number, lag: number): number {
  let products = 0
  for (const [bin, value] of one.byBin) products += value * (other.byBin.get(bin + lag) ?? 0)
  const spread = (shape: Shape): number => shape.squares - shape.sum ** 2 / bins
  const scale = Math.sqrt(spread(one) * spread(other))
  return scale === 0 ? 0 : (products - (one.sum * other.sum) / bins) / scale
}
