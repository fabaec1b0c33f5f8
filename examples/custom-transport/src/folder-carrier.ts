// A carrier of one's own: a folder that several computers share (a network drive, a synced folder, a USB stick).
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Blobs,
  type BoxKey,
  type Carrier,
  type Delivery,
  type Directory,
  fromHex,
  type Mailbox,
  type Transport,
  toHex,
} from '@hyphae/core'

const POLL_MS = 50
const list = (folder: string): Promise<string[]> =>
  readdir(folder).then(
    (names) => names.sort(),
    () => [],
  )

/** Written under another name first, so that nobody reads half a file. */
async function publish(folder: string, name: string, data: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true })
  const draft = join(folder, `.${name}.${crypto.randomUUID()}`)
  await writeFile(draft, data, { flush: true })
  await rename(draft, join(folder, name))
}

export function folderCarrier(root: string): Transport {
  return async ({ clock }) => {
    const stop = new AbortController()
    const boxFolder = (id: Uint8Array): string => join(root, 'boxes', toHex(id))
    const waiting = async (box: BoxKey): Promise<string[]> =>
      (await list(boxFolder(box.id))).filter((name) => !name.startsWith('.'))
    const read = async (box: BoxKey, name: string): Promise<Delivery> => ({
      frame: await readFile(join(boxFolder(box.id), name)),
      cursor: Number(name.slice(0, 16)),
      ack: async () => {
        for (const old of await waiting(box))
          if (old <= name) await rm(join(boxFolder(box.id), old), { force: true })
      },
    })

    let last = 0
    const mailbox: Mailbox = {
      put: async (items) => {
        for (const { box, id, frame } of items) {
          const names = await list(boxFolder(box))
          if (names.some((name) => name.endsWith(toHex(id)))) continue
          last = Math.max(last + 1, clock.now() * 1000)
          await publish(boxFolder(box), `${String(last).padStart(16, '0')}-${toHex(id)}`, frame)
        }
      },
      fetch: async (box, options) =>
        Promise.all((await waiting(box)).slice(0, options?.limit ?? 100).map((name) => read(box, name))),
      watch: async function* (box, options) {
        const signal = AbortSignal.any([stop.signal, ...(options?.signal ? [options.signal] : [])])
        for (let seen = ''; !signal.aborted; await clock.sleep(POLL_MS, signal).catch(() => {})) {
          for (const name of await waiting(box)) {
            if (name <= seen || signal.aborted) continue
            yield await read(box, name)
            seen = name
          }
        }
      },
    }

    const stockFolder = (writer: Uint8Array, kind: number): string =>
      join(root, 'stock', `${toHex(writer)}-${kind}`)
    const directory: Directory = {
      publish: (record) =>
        publish(
          join(root, 'records', toHex(record.address)),
          toHex(record.writer),
          Buffer.from(JSON.stringify(record, (_, v) => (v instanceof Uint8Array ? toHex(v) : v))),
        ),
      lookup: async (address) => {
        const folder = join(root, 'records', toHex(address))
        const texts = await Promise.all(
          (await list(folder)).map((name) => readFile(join(folder, name), 'utf8')),
        )
        return texts.map((text) =>
          JSON.parse(text, (key, v) => (key === '' || key === 'sequence' ? v : fromHex(v))),
        )
      },
      stock: async ({ writer, kind, sequence, items, lastResort, replace }) => {
        if (replace) await rm(stockFolder(writer, kind), { recursive: true, force: true })
        for (const [i, item] of items.entries())
          await publish(stockFolder(writer, kind), `${sequence}-${i}`, item)
        if (lastResort.length > 0) await publish(stockFolder(writer, kind), 'last-resort', lastResort)
      },
      take: async (writer, kind) => {
        const folder = stockFolder(writer, kind)
        for (const name of await list(folder)) {
          const taken = join(folder, `.${crypto.randomUUID()}`)
          if (name === 'last-resort') return { item: await readFile(join(folder, name)), lastResort: true }
          // A rename succeeds for one taker only: each item is handed out once.
          if (
            await rename(join(folder, name), taken).then(
              () => true,
              () => false,
            )
          )
            return { item: await readFile(taken), lastResort: false }
        }
        return undefined
      },
      remaining: async (writer, kind) =>
        (await list(stockFolder(writer, kind))).filter((name) => /^\d/.test(name)).length,
    }

    const blobs: Blobs = {
      put: async (items) =>
        void (await Promise.all(
          items.map(({ hash, data }) => publish(join(root, 'blobs'), toHex(hash), data)),
        )),
      get: (hashes) =>
        Promise.all(hashes.map((hash) => readFile(join(root, 'blobs', toHex(hash))).catch(() => undefined))),
      has: async (hashes) =>
        Promise.all(hashes.map(async (hash) => (await list(join(root, 'blobs'))).includes(toHex(hash)))),
    }

    const close = async (): Promise<void> => stop.abort()
    const traits = {
      mtu: 4096,
      bandwidthBps: 1e6,
      latencyMs: POLL_MS,
      reliable: true,
      ordered: true,
      metered: false,
    }
    return {
      name: 'folder',
      traits,
      mailbox,
      directory,
      blobs,
      close,
      [Symbol.asyncDispose]: close,
    } satisfies Carrier
  }
}
