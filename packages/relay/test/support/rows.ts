/** Rows of services in memory, with what an engine of many processes has. */
import type { Clock } from '@hyphae/core'
import type { ServiceRows } from '../../src/engine/rows.js'

interface Held {
  readonly value: Uint8Array
  readonly version: number
  readonly until: number
}

export function memoryRows(clock: Clock): ServiceRows & { readonly held: ReadonlyMap<string, Held> } {
  const held = new Map<string, Held>()
  const seen = new Set<string>()
  let versions = 0
  const live = (key: string): Held | undefined => {
    const row = held.get(key)
    return row !== undefined && row.until > clock.now() ? row : undefined
  }
  return {
    shared: true,
    held,
    get: async (key) => live(key),
    put: async (key, value, version, until = Number.POSITIVE_INFINITY) => {
      if ((live(key)?.version ?? 0) !== version) return undefined
      versions += 1
      held.set(key, { value: value.slice(), version: versions, until })
      return versions
    },
    remove: async (key, version) => live(key)?.version === version && held.delete(key),
    list: async (prefix) =>
      [...held.keys()]
        .filter((key) => key.startsWith(`${prefix}.`) && live(key) !== undefined)
        .sort()
        .map((key) => ({ key, ...(live(key) as Held) })),
    use: async () => false,
    once: async (name) => {
      const text = Buffer.from(name).toString('hex')
      return !seen.has(text) && seen.add(text) !== undefined
    },
  }
}
