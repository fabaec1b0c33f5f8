// A seeded stream of numbers (mulberry32): the same seed gives the same run. For tests alone, never for keys.

export function seededNumbers(seed) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return {
    /** A whole number in [0, bound). */
    below: (bound) => next() % bound,
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
  }
}
