// A carrier of one's own: a folder that several computers share (a network drive, a synced folder, a USB stick).
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BoxKey, type Directory, type Mailbox, type Transport, toHex } from '@hyphae/core'
import { decodeDirectoryRecord, encodeDirectoryRecord } from '@hyphae/tlv'

const POLL_MS = 50

/** Files of a folder in order of their names; drafts and what was taken start with a dot. */
async function list(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.')).sort()
}

/** Written as a draft first, so that nobody reads half a file. */
async function save(folder: string, name: string, data: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true })
  const draft = join(folder, `.${crypto.randomUUID()}`)
  await writeFile(draft, data, { flush: true })
  await rename(draft, join(folder, name))
}

/** A box is a folder of frames named by order of arrival; acknowledging deletes. */
function mailboxIn(root: string, pause: (signal?: AbortSignal) => Promise<void>): Mailbox {
  const folder = (id: Uint8Array): string => join(root, toHex(id))
  const read = async ({ id }: BoxKey, name: string) => ({
    frame: await readFile(join(folder(id), name)),
    cursor: Number.parseInt(name, 10),
    ack: async () => {
      for (const old of await list(folder(id)))
        if (old <= name) await rm(join(folder(id), old), { force: true })
    },
  })
  return {
    put: async (items) => {
      for (const { box, id, frame } of items) {
        if ((await list(folder(box))).some((name) => name.endsWith(toHex(id)))) continue
        const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000)
        await save(folder(box), `${microseconds}-${toHex(id)}`, frame)
      }
    },
    fetch: async (box, options) =>
      Promise.all((await list(folder(box.id))).slice(0, options?.limit).map((name) => read(box, name))),
    watch: async function* (box, options) {
      for (let seen = ''; !options?.signal?.aborted; await pause(options?.signal)) {
        for (const name of (await list(folder(box.id))).filter((other) => other > seen)) {
          yield await read(box, name)
          seen = name
        }
      }
    },
  }
}

/** An address is a folder of records; a stock is a folder of items, and who renames one first has taken it. */
function directoryIn(root: string): Directory {
  const stock = (writer: Uint8Array, kind: number): string => join(root, `${toHex(writer)}-${kind}`)
  return {
    publish: (record) =>
      save(join(root, toHex(record.address)), toHex(record.writer), encodeDirectoryRecord(record)),
    lookup: async (address) => {
      const files = (await list(join(root, toHex(address)))).map((name) => join(root, toHex(address), name))
      return Promise.all(files.map(async (file) => decodeDirectoryRecord(await readFile(file))))
    },
    stock: async ({ writer, kind, sequence, items, lastResort, replace }) => {
      if (replace) await rm(stock(writer, kind), { recursive: true, force: true })
      for (const [i, item] of items.entries()) await save(stock(writer, kind), `${sequence}-${i}`, item)
      if (lastResort.length > 0) await save(stock(writer, kind), 'last-resort', lastResort)
    },
    take: async (writer, kind) => {
      for (const name of await list(stock(writer, kind))) {
        const lastResort = name === 'last-resort'
        const taken = join(stock(writer, kind), lastResort ? name : `.${crypto.randomUUID()}`)
        const missed = await rename(join(stock(writer, kind), name), taken).catch(() => 'another took it')
        if (missed === undefined) return { item: await readFile(taken), lastResort }
      }
      return undefined
    },
    remaining: async (writer, kind) =>
      (await list(stock(writer, kind))).filter((name) => /^\d/.test(name)).length,
  }
}

export function folderCarrier(root: string): Transport {
  return async ({ clock }) => ({
    name: 'folder',
    traits: {
      mtu: 4096,
      bandwidthBps: 1e6,
      latencyMs: POLL_MS,
      reliable: true,
      ordered: true,
      metered: false,
      privacy: 'relayed',
    },
    mailbox: mailboxIn(join(root, 'boxes'), (signal) => clock.sleep(POLL_MS, signal).catch(() => {})),
    directory: directoryIn(join(root, 'directory')),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  })
}
