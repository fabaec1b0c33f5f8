// Seeded numbers for the traffic, so that a run can be repeated. Never for keys.

/** A whole number in [0, bound), from mulberry32. */
export type Below = (bound: number) => number

export function seeded(seed: number): Below {
  let state = seed >>> 0
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}
