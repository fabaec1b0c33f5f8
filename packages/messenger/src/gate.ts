/** Lets so many in at a time; the others wait, first come, first served. */
export interface Gate {
  /** Resolves when there is room; call what it gives once, to leave. */
  enter(): Promise<() => void>
}

export function createGate(places: number): Gate {
  const waiting: ((leave: () => void) => void)[] = []
  let free = places
  const leave = (): void => {
    const next = waiting.shift()
    // The place is handed on, so that nobody comes in between.
    if (next === undefined) free += 1
    else next(leave)
  }
  return {
    enter: () => {
      if (free === 0) return new Promise((resolve) => waiting.push(resolve))
      free -= 1
      return Promise.resolve(leave)
    },
  }
}
