/** What one adversary claims by one method, and how much of it is right. */

/** Who talks to whom, by the names of nodes; direction does not matter. */
export type TalkingPair = readonly [string, string]

export interface Guesses {
  /** Pairs that were claimed, that were claimed rightly, and that there are. */
  readonly claimed: number
  readonly right: number
  readonly pairs: number
}

export interface Attack {
  /** Who: `wire`, `entry`, `second`, a relay that is both, or `relays together`. */
  readonly adversary: string
  readonly method: 'boxes' | 'lookups' | 'buckets' | 'replies' | 'rows' | 'writers' | 'timing' | 'activity'
  /** Names of nodes; of `rows`, which claims what belongs to one group, ids of boxes. */
  readonly claims: readonly TalkingPair[]
  /** Pairs that could have been claimed: what chance is counted from. */
  readonly among: number
  /** Undefined without the truth. */
  readonly guesses: Guesses | undefined
}

export function pairName([a, b]: TalkingPair): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}

export function scoreClaims(claims: readonly TalkingPair[], truth: readonly TalkingPair[]): Guesses {
  const real = new Set(truth.map(pairName))
  const claimed = new Set(claims.filter(([a, b]) => a !== b).map(pairName))
  return {
    claimed: claimed.size,
    right: [...claimed].filter((pair) => real.has(pair)).length,
    pairs: real.size,
  }
}

/** For each name the other with the highest score, if that is at least `least`. */
export function bestClaims(
  names: readonly string[],
  scoreOf: (one: string, other: string) => number,
  least: number,
): TalkingPair[] {
  return names.flatMap((one): TalkingPair[] => {
    let best: string | undefined
    let highest = least
    for (const other of names) {
      const score = other === one ? 0 : scoreOf(one, other)
      if (score <= highest) continue
      best = other
      highest = score
    }
    return best === undefined ? [] : [[one, best]]
  })
}
