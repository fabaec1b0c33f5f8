/** Something that serves at once and is replaced by a faster one when that has loaded. Knows no library. */

export interface Replaceable<T> {
  /** What serves now; counts the call. */
  current(): T
  /** Loads now, if that has not begun. True when the faster one serves from here on. */
  prepare(): Promise<boolean>
}

/** Loading begins with call number `after`, so that a program which only imports this pays nothing. */
export function replaceable<T>(first: T, load: () => Promise<T | null>, after: number): Replaceable<T> {
  let serving = first
  let calls = 0
  let loading: Promise<boolean> | undefined
  const prepare = (): Promise<boolean> => {
    loading ??= load().then((faster) => {
      serving = faster ?? first
      return faster !== null
    })
    return loading
  }
  return {
    prepare,
    current() {
      if (calls < after && ++calls === after) void prepare()
      return serving
    },
  }
}
