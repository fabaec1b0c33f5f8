/** The smallest store, for tests of what wraps stores: text keys, no durability, transactions not interleaved. */
import type { Store, StoreKey } from '@hyphae/core'

export function mapStore(): Store {
  const map = new Map<string, { key: StoreKey; value: Uint8Array }>()
  const reader: Pick<Store, 'get' | 'list'> = {
    get: async (key) => map.get(JSON.stringify(key))?.value,
    list: async ([table]) => [...map.values()].filter(({ key }) => key[0] === table),
  }
  const close = async (): Promise<void> => {}
  return {
    ...reader,
    transact: async (work) => {
      const writes: (() => void)[] = []
      const result = await work({
        ...reader,
        put: (key, value) => void writes.push(() => map.set(JSON.stringify(key), { key, value })),
        delete: (key) => void writes.push(() => map.delete(JSON.stringify(key))),
      })
      for (const write of writes) write()
      return result
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
