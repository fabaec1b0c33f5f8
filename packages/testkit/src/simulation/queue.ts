/** Values pushed from one side and read as an AsyncIterable from the other, until a signal fires. */

export interface Queue<T> {
  push(value: T): void
  read(signal: AbortSignal): AsyncGenerator<T, void, undefined>
}

/** Drops the oldest beyond `limit`: a receiver that does not read loses datagrams. */
export function queue<T>(limit: number): Queue<T> {
  const values: T[] = []
  let wake: (() => void) | undefined
  return {
    push: (value) => {
      values.push(value)
      if (values.length > limit) values.shift()
      wake?.()
    },
    read: async function* (signal) {
      while (!signal.aborted) {
        const next = values.shift()
        if (next !== undefined) {
          yield next
          continue
        }
        await new Promise<void>((resolve) => {
          wake = () => {
            signal.removeEventListener('abort', resolveNow)
            resolve()
          }
          const resolveNow = (): void => wake?.()
          signal.addEventListener('abort', resolveNow, { once: true })
        })
      }
    },
  }
}
