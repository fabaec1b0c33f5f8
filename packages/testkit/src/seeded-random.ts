/**
 * Predictable randomness from a seed (sfc32), so that a failing run can be run again. Never for keys: whoever
 * knows the seed knows everything it gives.
 */

export interface SeededRandom {
  /** Uniform in [0, 1), in steps of 2^-32. */
  next(): number
  /** Uniform integer in [0, below). */
  integer(below: number): number
  bytes(length: number): Uint8Array
  /** One of the items; there must be one. */
  pick<T>(items: readonly T[]): T
  /** A new array with the same items in another order. */
  shuffle<T>(items: readonly T[]): T[]
  /** True with this probability. */
  chance(probability: number): boolean
}

export function unsafeSeededRandom(seed: number): SeededRandom {
  const word = sfc32(seed)
  const next = (): number => word() / 2 ** 32
  const integer = (below: number): number => Math.floor(next() * below)
  return {
    next,
    integer,
    bytes: (length) => Uint8Array.from({ length }, () => word() & 0xff),
    pick: (items) => {
      if (items.length === 0) throw new RangeError('pick needs at least one item')
      return items[integer(items.length)] as (typeof items)[number]
    },
    shuffle: (items) => {
      const shuffled = [...items]
      for (let last = shuffled.length - 1; last > 0; last--) {
        const other = integer(last + 1)
        const kept = shuffled[last] as (typeof items)[number]
        shuffled[last] = shuffled[other] as (typeof items)[number]
        shuffled[other] = kept
      }
      return shuffled
    },
    chance: (probability) => next() < probability,
  }
}

/** 32-bit words; three words of state from the seed and a counter. */
function sfc32(seed: number): () => number {
  let a = seed | 0
  let b = Math.floor(seed / 2 ** 32) | 0
  let c = 0x9e3779b9 | 0
  let counter = 1
  const word = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  // The first words still show the seed's shape.
  for (let round = 0; round < 15; round++) word()
  return word
}
