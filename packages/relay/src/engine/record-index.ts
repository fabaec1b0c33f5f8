/**
 * The addresses that have records, in order, for engines whose store cannot list them by their first bits. Built when a
 * bucket of records is first asked for: relays that nobody asks hold nothing for it. spec/relay.md section 4.1.
 */
import { binary } from './keys.js'

export interface RecordIndex {
  /** A record was published there. */
  add(address: Uint8Array): void
  /** Addresses from `first` to `last`, both among them, in order, at most `count`. */
  from(first: Uint8Array, last: Uint8Array, count: number): Promise<Uint8Array[]>
}

export interface RecordIndexOptions {
  /** All addresses with records, in any order; one may come again. */
  readonly load: () => Promise<Iterable<string>>
  /** True when what was loaded may miss what others have published. */
  readonly isStale?: () => boolean
}

/** Where the name is or would be. */
function placeIn(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((names[middle] as string) < name) low = middle + 1
    else high = middle
  }
  return low
}

function insert(names: string[], name: string): void {
  const place = placeIn(names, name)
  if (names[place] !== name) names.splice(place, 0, name)
}

/** Names are `binary` of addresses, whose order is that of the bytes. */
export function createRecordIndex({ load, isStale = () => false }: RecordIndexOptions): RecordIndex {
  let names: string[] | undefined
  let loading: Promise<string[]> | undefined
  /** What was published while it was loaded. */
  let fresh: string[] = []

  const build = async (): Promise<string[]> => {
    try {
      const loaded = [...new Set(await load())].sort()
      for (const name of fresh) insert(loaded, name)
      names = loaded
      return loaded
    } finally {
      loading = undefined
      fresh = []
    }
  }
  const ready = (): Promise<string[]> | string[] => {
    if (loading !== undefined) return loading
    if (names !== undefined && !isStale()) return names
    loading = build()
    return loading
  }
  return {
    add: (address) => {
      const name = binary(address)
      if (names !== undefined) insert(names, name)
      if (loading !== undefined) fresh.push(name)
    },
    from: async (first, last, count) => {
      const all = await ready()
      const end = binary(last)
      const start = placeIn(all, binary(first))
      const found: Uint8Array[] = []
      for (let at = start; at < all.length && found.length < count; at++) {
        const name = all[at] as string
        if (name > end) break
        found.push(Buffer.from(name, 'latin1'))
      }
      return found
    },
  }
}
