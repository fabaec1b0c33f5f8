/** So many at once, the others in the order they came. */

export interface Slots {
  /** Waits for a slot, then runs. Not to be nested. */
  run<T>(work: () => Promise<T>): Promise<T>
}

export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = []
  let free = count
  return {
    run: async (work) => {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        // A slot that is handed on is never free in between.
        if (next === undefined) free += 1
        else next()
      }
    },
  }
}
