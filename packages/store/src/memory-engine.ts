/** Engine in memory: a map beside a sorted list of its keys. It outlives its stores, so a test can reopen it. */
import { byteText, type Engine, type EngineEntry, type EngineRange, type EngineWrite } from './engine.js'

export function memoryEngine(): Engine {
  const entries = new Map<string, EngineEntry>()
  const order: string[] = []

  const apply = ({ key, value }: EngineWrite): void => {
    const name = byteText(key)
    const known = entries.has(name)
    if (value === undefined) {
      if (known) order.splice(position(order, name), 1)
      entries.delete(name)
      return
    }
    if (!known) order.splice(position(order, name), 0, name)
    entries.set(name, { key: key.slice(), value: value.slice() })
  }

  return {
    get: async (key) => entries.get(byteText(key))?.value.slice(),
    range: async (range) => select(order, range).map((name) => copy(entries.get(name) as EngineEntry)),
    write: async (batch) => {
      for (const write of batch) apply(write)
    },
    close: async () => {},
  }
}

function select(order: readonly string[], range: EngineRange): string[] {
  const first = position(order, byteText(range.gte))
  const end = position(order, byteText(range.lt))
  const count = Math.min(range.limit ?? Number.POSITIVE_INFINITY, Math.max(0, end - first))
  return range.reverse ? order.slice(end - count, end).reverse() : order.slice(first, first + count)
}

/** Index of the first name that is not below `name`. */
function position(order: readonly string[], name: string): number {
  let low = 0
  let high = order.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((order[middle] as string) < name) low = middle + 1
    else high = middle
  }
  return low
}

function copy(entry: EngineEntry): EngineEntry {
  return { key: entry.key.slice(), value: entry.value.slice() }
}
