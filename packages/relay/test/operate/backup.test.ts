import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { startRelay } from '@hyphae/relay'
import { signStockUpload } from '@hyphae/tlv'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from '../../src/engine/engine.js'
import {
  backupOf,
  restoreBackup,
  saveBackup,
  verifyBackup,
  withClosedStore,
} from '../../src/operate/backup.js'
import { readBackup, writeBackup } from '../../src/operate/backup-file.js'
import { connect, newBox, temporaryFolder } from '../support/relay.js'

async function* chunksOf(entries: readonly Entry[], size = 3): AsyncGenerator<Entry[]> {
  for (let i = 0; i < entries.length; i += size) yield entries.slice(i, i + size)
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}

async function entriesOf(bytes: Uint8Array, size = 64 * 1024): Promise<Entry[]> {
  const all: Entry[] = []
  for await (const entries of readBackup(pieces(bytes, size))) all.push(...entries)
  return all
}

const plain = (entries: readonly Entry[]) => entries.map(([key, value]) => [[...key], [...value]])

describe('a backup file', () => {
  const some = Array.from({ length: 8 }, (_, i): Entry => [randomBytes(i + 1), randomBytes(50 * i)])

  it('gives back what went in, whatever the pieces', async () => {
    const bytes = await bytesOf(writeBackup(chunksOf(some)))
    for (const size of [1, 7, 1000, bytes.length])
      expect(plain(await entriesOf(bytes, size))).toEqual(plain(some))
  })

  it('of nothing is a backup too', async () => {
    expect(await entriesOf(await bytesOf(writeBackup(chunksOf([]))))).toEqual([])
  })

  it('cuts what is too large for one block', async () => {
    const large = Array.from({ length: 20 }, (): Entry => [randomBytes(8), randomBytes(1024 * 1024)])
    const bytes = await bytesOf(writeBackup(chunksOf(large, 20)))
    expect(await entriesOf(bytes)).toHaveLength(20)
  })

  it('hostile 1: is refused cut anywhere, with any byte changed, and with anything behind it', async () => {
    const bytes = await bytesOf(writeBackup(chunksOf(some, 2)))
    for (let end = 0; end < bytes.length; end++)
      await expect(entriesOf(bytes.subarray(0, end)), `cut at ${end}`).rejects.toMatchObject({
        code: 'relay/bad-backup',
      })
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ (1 << (at % 8))
      await expect(entriesOf(changed), `changed at ${at}`).rejects.toMatchObject({ code: 'relay/bad-backup' })
    }
    await expect(entriesOf(Buffer.concat([bytes, Buffer.of(0)]))).rejects.toMatchObject({
      details: { reason: 'trailing bytes' },
    })
  })

  it('hostile 2: a block that says it is large is refused before it is read', async () => {
    const bytes = await bytesOf(writeBackup(chunksOf(some)))
    bytes.writeUInt32LE(2 ** 30, 22)
    await expect(entriesOf(bytes)).rejects.toMatchObject({ details: { reason: 'malformed' } })
  })

  it('with blocks in another order is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), async (a, b) => {
        const [first, second] = [Buffer.alloc(a, 1), Buffer.alloc(b, 2)]
        const blocks: Buffer[] = []
        for await (const block of writeBackup(
          chunksOf(
            [
              [first, first],
              [second, second],
            ],
            1,
          ),
        ))
          blocks.push(block)
        const [magic, one, two, end] = blocks as [Buffer, Buffer, Buffer, Buffer]
        await expect(entriesOf(Buffer.concat([magic, two, one, end]))).rejects.toMatchObject({
          code: 'relay/bad-backup',
        })
        await expect(entriesOf(Buffer.concat([magic, two, end]))).rejects.toMatchObject({
          code: 'relay/bad-backup',
        })
      }),
      { numRuns: 20 },
    )
  })
})

describe('backup and restore of a relay', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder.remove())

  const digest = (bytes: Uint8Array) => Buffer.from(crypto.sha256(bytes)).toString('hex')
  const frame = (size = 512) => crypto.randomBytes(size)
  const put = (box: ReturnType<typeof newBox>, bytes = frame()) => ({
    box: box.id,
    id: crypto.randomBytes(16),
    frame: bytes,
  })

  async function withRelay<T>(
    data: string,
    work: (
      carrier: Awaited<ReturnType<typeof connect>>,
      relay: Awaited<ReturnType<typeof startRelay>>,
    ) => Promise<T>,
  ): Promise<T> {
    const server = await startRelay({ data })
    const carrier = await connect(server.url)
    try {
      return await work(carrier, server)
    } finally {
      await carrier.close()
      await server.close()
    }
  }

  it('is consistent while frames come and go, and holds what was acknowledged before it began', async () => {
    const box = newBox()
    const file = join(folder.path, 'backup')
    const frames = Array.from({ length: 300 }, () => frame(2048))
    const blob = crypto.randomBytes(3000)
    await withRelay(join(folder.path, 'a'), async ({ mailbox, blobs }, relay) => {
      await mailbox.put(frames.map((bytes) => put(box, bytes)))
      await blobs.put([{ hash: crypto.sha256(blob), data: blob }])
      const others = Array.from({ length: 40 }, () => newBox())
      const traffic = (async () => {
        for (const other of others) await mailbox.put(Array.from({ length: 20 }, () => put(other)))
      })()
      if (relay.upkeep === undefined) throw new Error('no upkeep')
      const summary = await saveBackup(file, backupOf(relay.upkeep))
      await traffic
      expect(summary.entries).toBeGreaterThan(600)
      expect(await verifyBackup(file)).toEqual(summary)
    })
    await restoreBackup(file, join(folder.path, 'b'))
    await withRelay(join(folder.path, 'b'), async ({ mailbox, blobs }, relay) => {
      const digests: string[] = []
      const { frames: counts, bytes } = await relay.stats()
      expect(bytes).toBe(counts[512] * 512 + counts[2048] * 2048 + blob.length)
      while (digests.length < frames.length) {
        const page = await mailbox.fetch(box, { limit: 1000 })
        digests.push(...page.map(({ frame }) => digest(frame)))
        await page.at(-1)?.ack()
      }
      expect(digests).toEqual(frames.map(digest))
      expect(await blobs.get([crypto.sha256(blob)])).toEqual([blob])
    })
  })

  it('puts nothing back that may have been used since: no one-time item, no cursor twice', async () => {
    const box = newBox()
    const writer = crypto.ed25519.generate()
    const [file, data] = [join(folder.path, 'backup'), join(folder.path, 'a')]
    const upload = signStockUpload(crypto, writer, {
      kind: 1,
      sequence: 1,
      replace: false,
      items: [frame(100), frame(200)],
      lastResort: frame(300),
    })
    await withRelay(data, async ({ mailbox, directory }, relay) => {
      await directory.stock(upload)
      await mailbox.put([put(box)])
      if (relay.upkeep === undefined) throw new Error('no upkeep')
      await saveBackup(file, backupOf(relay.upkeep))
    })
    const seen = await withRelay(data, async ({ mailbox }) => {
      await mailbox.put(Array.from({ length: 50 }, () => put(box)))
      return mailbox.fetch(box, { limit: 100 })
    })
    await restoreBackup(file, join(folder.path, 'b'))
    await withRelay(join(folder.path, 'b'), async ({ mailbox, directory }, relay) => {
      expect(await directory.take(writer.publicKey, 1)).toMatchObject({ item: upload.lastResort })
      expect(await relay.stats()).toMatchObject({ items: 0, bytes: 512 + 300 })
      await mailbox.put([put(box)])
      const [, later] = await mailbox.fetch(box)
      expect(later?.cursor).toBeGreaterThan(Math.max(...seen.map(({ cursor }) => cursor)))
    })
  })

  it('works on a folder whose relay has stopped, and says when there is none', async () => {
    const [file, data] = [join(folder.path, 'backup'), join(folder.path, 'a')]
    const box = newBox()
    await withRelay(data, ({ mailbox }) => mailbox.put([put(box)]))
    await withClosedStore(data, async (upkeep) => {
      await upkeep.compact()
      await saveBackup(file, backupOf(upkeep))
    })
    await restoreBackup(file, join(folder.path, 'b'))
    await withRelay(join(folder.path, 'b'), async ({ mailbox }) =>
      expect(await mailbox.fetch(box)).toHaveLength(1),
    )
    await expect(withClosedStore(join(folder.path, 'c'), async () => {})).rejects.toMatchObject({
      code: 'relay/no-data',
    })
    await expect(stat(join(folder.path, 'c'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('is all or nothing: a damaged backup restores nothing, a cut stream saves nothing', async () => {
    const [file, data] = [join(folder.path, 'backup'), join(folder.path, 'b')]
    const entries = Array.from({ length: 2000 }, (): Entry => [randomBytes(42), randomBytes(2048)])
    await saveBackup(file, writeBackup(chunksOf(entries, 500)))
    const bytes = await readFile(file)
    const at = bytes.length - 5000
    bytes[at] = (bytes[at] as number) ^ 1
    const bad = join(folder.path, 'bad')
    await writeFile(bad, bytes)
    await expect(restoreBackup(bad, data)).rejects.toMatchObject({
      code: 'relay/bad-backup',
      details: { reason: 'checksum' },
    })
    await expect(stat(join(data, 'store'))).rejects.toMatchObject({ code: 'ENOENT' })
    const cut = join(folder.path, 'cut')
    await expect(saveBackup(cut, pieces(bytes.subarray(0, at - 1), 5000))).rejects.toMatchObject({
      code: 'relay/bad-backup',
    })
    expect((await readdir(folder.path)).filter((name) => name.includes('cut'))).toEqual([])
  })

  it('never goes over what is there', async () => {
    const [file, data] = [join(folder.path, 'backup'), join(folder.path, 'full')]
    await saveBackup(file, writeBackup(chunksOf([])))
    await expect(saveBackup(file, writeBackup(chunksOf([])))).rejects.toMatchObject({
      code: 'relay/backup-exists',
    })
    await mkdir(data)
    await writeFile(join(data, 'anything'), '')
    await expect(restoreBackup(file, data)).rejects.toMatchObject({ code: 'relay/data-not-empty' })
    await expect(restoreBackup(join(folder.path, 'none'), join(folder.path, 'd'))).rejects.toMatchObject({
      code: 'relay/backup-io',
      details: { reason: 'ENOENT' },
    })
  })
})
