/** Deliveries found for one watcher, until it takes them: an async iterable that can be ended from outside. */

export interface Inbox<T> extends AsyncIterable<T> {
  push(item: T): void
  /** Drops what waits. */
  clear(): void
  /** Resolves when fewer than `most` wait, or it has ended. */
  room(most: number): Promise<void>
  end(error?: unknown): void
}

interface State<T> {
  items: T[]
  ended: boolean
  error: unknown
  readonly waiting: Set<() => void>
}

function wake<T>(state: State<T>): void {
  const all = [...state.waiting]
  state.waiting.clear()
  for (const one of all) one()
}

function changed<T>(state: State<T>): Promise<void> {
  return new Promise((resolve) => state.waiting.add(resolve))
}

async function* drain<T>(state: State<T>): AsyncGenerator<T, void, void> {
  for (;;) {
    const item = state.items.shift()
    if (item !== undefined) {
      wake(state)
      yield item
    } else if (state.ended) {
      if (state.error !== undefined) throw state.error
      return
    } else await changed(state)
  }
}

/** `left` is called once, when its consumer leaves or it has ended. */
export function createInbox<T>(left: () => void): Inbox<T> {
  const state: State<T> = { items: [], ended: false, error: undefined, waiting: new Set() }
  const end = (error?: unknown): void => {
    if (state.ended) return
    state.ended = true
    state.error = error
    left()
    wake(state)
  }
  return {
    push: (item) => {
      if (state.ended) return
      state.items.push(item)
      wake(state)
    },
    clear: () => {
      state.items = []
      wake(state)
    },
    room: async (most) => {
      while (!state.ended && state.items.length >= most) await changed(state)
    },
    end,
    [Symbol.asyncIterator]: () => {
      const items = drain(state)
      return {
        next: () => items.next(),
        return: () => {
          state.items = []
          end()
          return items.return()
        },
      }
    },
  }
}
