/**
 * A store that processes share: one JSON file, read and replaced as a whole under a lock. Transactions of all of
 * them run one after the other, and nothing stops two from believing that each is alone. For tests only.
 */
import { mkdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises'
import type { Store, StoreEntry, StoreKey } from '@hyphae/core'

type Rows = Record<string, string>

const nameOf = (key: StoreKey): string =>
  JSON.stringify(key.map((part) => (part instanceof Uint8Array ? [...part] : part)))
const keyOf = (name: string): StoreKey =>
  JSON.parse(name).map((part: unknown) => (Array.isArray(part) ? Uint8Array.from(part) : part))

export function fileStore(path: string): Store {
  const read = async (): Promise<Rows> => JSON.parse(await readFile(path, 'utf8').catch(() => '{}'))
  const reader = (rows: () => Promise<Rows>): Pick<Store, 'get' | 'list'> => ({
    get: async (key) => {
      const value = (await rows())[nameOf(key)]
      return value === undefined ? undefined : Uint8Array.from(Buffer.from(value, 'hex'))
    },
    list: async (prefix) => {
      const start = nameOf(prefix).slice(0, -1)
      return Object.entries(await rows())
        .filter(([name]) => name.startsWith(start) && ',]'.includes(name[start.length] as string))
        .map(
          ([name, value]): StoreEntry => ({
            key: keyOf(name),
            value: Uint8Array.from(Buffer.from(value, 'hex')),
          }),
        )
    },
  })
  const close = async (): Promise<void> => {}
  return {
    ...reader(read),
    transact: async (work) => {
      await lock(path)
      try {
        const rows = await read()
        const result = await work({
          ...reader(async () => rows),
          put: (key, value) => {
            rows[nameOf(key)] = Buffer.from(value).toString('hex')
          },
          delete: (key) => {
            delete rows[nameOf(key)]
          },
        })
        await writeFile(`${path}.new`, JSON.stringify(rows))
        await rename(`${path}.new`, path)
        return result
      } finally {
        await rmdir(`${path}.lock`)
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function lock(path: string): Promise<void> {
  for (;;) {
    try {
      await mkdir(`${path}.lock`)
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
}
