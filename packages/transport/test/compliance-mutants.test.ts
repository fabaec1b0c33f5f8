/** The compliance suites must notice: each mutant breaks one promise of the ports, and some case must fail. */
import type { Blobs, Carrier, Delivery, Directory, Mailbox, Topic } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { blobsCompliance, directoryCompliance, mailboxCompliance, topicCompliance } from '@hyphae/testkit'
import { memoryNetwork, TransportError } from '@hyphae/transport'
import { expect, test } from 'vitest'
import { components } from './carriers.js'
import { signRecord, signStock } from './statements.js'

const mailboxes: Readonly<Record<string, (mailbox: Mailbox) => Partial<Mailbox>>> = {
  'stores a retry again': (mailbox) => ({
    put: (items) => mailbox.put(items.map((item) => ({ ...item, id: crypto.randomBytes(16) }))),
  }),
  'forgets a frame when it is fetched': (mailbox) => ({
    fetch: async (key, options) => {
      const found = await mailbox.fetch(key, options)
      await found.at(-1)?.ack()
      return found
    },
  }),
  'acknowledges one delivery only': (mailbox) => ({
    fetch: async (key, options) =>
      (await mailbox.fetch(key, options)).map((delivery, index) =>
        index === 0 ? delivery : { ...delivery, ack: async () => {} },
      ),
  }),
  'gives the newest first': (mailbox) => ({
    fetch: async (key, options) => (await mailbox.fetch(key, options)).reverse(),
  }),
  'takes frames of any size': (mailbox) => ({
    put: (items) => mailbox.put(items.filter(({ frame }) => [128, 512, 2048, 4096].includes(frame.length))),
  }),
  'ignores the limit': (mailbox) => ({ fetch: (key) => mailbox.fetch(key) }),
  'watches only what comes': (mailbox) => ({
    watch: async function* (key, options): AsyncGenerator<Delivery> {
      const old = new Set((await mailbox.fetch(key)).map(({ cursor }) => cursor))
      for await (const delivery of mailbox.watch(key, options)) if (!old.has(delivery.cursor)) yield delivery
    },
  }),
  'acknowledges what it gives to a watch': (mailbox) => ({
    watch: async function* (key, options): AsyncGenerator<Delivery> {
      for await (const delivery of mailbox.watch(key, options)) {
        await delivery.ack()
        yield delivery
      }
    },
  }),
  'does not end with its signal': (mailbox) => ({ watch: (key) => mailbox.watch(key) }),
}

const directories: Readonly<
  Record<string, (directory: Directory, cuts: () => number) => Partial<Directory>>
> = {
  'is not asked again when its connection was cut': (directory, cuts) => ({
    lookup: async (address, options) => (cuts() === 0 ? directory.lookup(address, options) : []),
  }),
  'hands an item out twice': (directory) => {
    let last: ReturnType<Directory['take']> | undefined
    let calls = 0
    return {
      take: (writer, kind) => {
        calls += 1
        if (calls % 10 !== 0 || last === undefined) last = directory.take(writer, kind)
        return last
      },
    }
  },
  'never gives the last resort': (directory) => ({
    take: async (writer, kind) => {
      const found = await directory.take(writer, kind)
      return found?.lastResort ? undefined : found
    },
  }),
  'does not mark the last resort': (directory) => ({
    take: async (writer, kind) => {
      const found = await directory.take(writer, kind)
      return found && { ...found, lastResort: false }
    },
  }),
  'swallows a stale record': (directory) => ({
    publish: (record) => directory.publish(record).catch(() => {}),
  }),
  'keeps what was to be replaced': (directory) => ({
    stock: (upload) => directory.stock({ ...upload, replace: false }),
  }),
  'looks up although it was told not to': (directory) => ({
    lookup: (address) => directory.lookup(address),
  }),
  'gives the newest writer first': (directory) => ({
    lookup: async (address) => (await directory.lookup(address)).reverse(),
  }),
}

const blobStores: Readonly<Record<string, (blobs: Blobs, cuts: () => number) => Partial<Blobs>>> = {
  'refuses for ever when its connection was cut': (blobs, cuts) => ({
    get: async (hashes, options) => {
      if (cuts() > 0) throw new TransportError('transport/lost')
      return blobs.get(hashes, options)
    },
  }),
  'leaves the missing out': (blobs) => ({
    get: async (hashes) => (await blobs.get(hashes)).filter((data) => data !== undefined),
  }),
  'gets although it was told not to': (blobs) => ({ get: (hashes) => blobs.get(hashes) }),
  'says it has everything': () => ({ has: async (hashes) => hashes.map(() => true) }),
  'cuts long answers': (blobs) => ({ get: async (hashes) => (await blobs.get(hashes)).slice(0, 20) }),
}

const topics: Readonly<Record<string, (topic: Topic, cuts: () => number) => Partial<Topic>>> = {
  'is deaf when its connection was cut': (topic, cuts) => ({
    subscribe: async function* (name, options): AsyncGenerator<Uint8Array> {
      for await (const frame of topic.subscribe(name, options)) if (cuts() === 0) yield frame
    },
  }),
  'brings a frame twice': (topic) => ({
    subscribe: async function* (name, options): AsyncGenerator<Uint8Array> {
      for await (const frame of topic.subscribe(name, options)) {
        yield frame
        yield frame
      }
    },
  }),
  'mixes topics': (topic) => ({
    publish: (_name, frame, options) => topic.publish(new Uint8Array(32), frame, options),
    subscribe: (_name, options) => topic.subscribe(new Uint8Array(32), options),
  }),
  'invents frames': (topic) => ({
    subscribe: async function* (name, options): AsyncGenerator<Uint8Array> {
      for await (const frame of topic.subscribe(name, options)) {
        yield frame
        yield crypto.randomBytes(512)
      }
    },
  }),
  'takes frames of any size': (topic) => ({
    publish: async (name, frame, options) => {
      if ([128, 512, 2048, 4096].includes(frame.length)) await topic.publish(name, frame, options)
    },
  }),
  'hears the first listener only': (topic) => {
    let taken = false
    return {
      subscribe: (name, options) => {
        const silent = taken
        taken = true
        return topic.subscribe(silent ? crypto.randomBytes(32) : name, options)
      },
    }
  },
  'does not end with its signal': (topic) => ({ subscribe: (name) => topic.subscribe(name) }),
  'publishes what was aborted': (topic) => ({ publish: (name, frame) => topic.publish(name, frame) }),
}

async function failures(
  mutate: (carrier: Carrier, cuts: () => number) => Partial<Carrier>,
): Promise<string[]> {
  const open = async () => {
    let cuts = 0
    const inner = await memoryNetwork()()(components)
    const close = async (): Promise<void> => inner.close()
    return { carrier: { ...inner, ...mutate(inner, () => cuts) }, cut: () => void cuts++, dispose: close }
  }
  const cases = [
    ...mailboxCompliance(open, { crypto, checksProofs: false, patienceMs: 300 }),
    ...directoryCompliance(open, { crypto, signRecord, signStock, checksSignatures: false, patienceMs: 300 }),
    ...blobsCompliance(open, { crypto, checksHashes: false, patienceMs: 300 }),
    ...topicCompliance(open, { crypto, patienceMs: 300 }),
  ]
  const failed: string[] = []
  await Promise.all(cases.map(({ name, run }) => run().catch(() => failed.push(name))))
  return failed
}

test('the memory network itself passes', async () => {
  expect(await failures(() => ({}))).toEqual([])
})

for (const [name, mutate] of Object.entries(mailboxes))
  test(`a mailbox that ${name} fails the suite`, async () => {
    const mutant = (inner: Mailbox): Mailbox => ({ ...inner, ...mutate(inner) })
    expect(await failures(({ mailbox }) => ({ mailbox: mutant(mailbox as Mailbox) }))).not.toEqual([])
  })

for (const [name, mutate] of Object.entries(directories))
  test(`a directory that ${name} fails the suite`, async () => {
    const mutant = (inner: Directory, cuts: () => number): Directory => ({ ...inner, ...mutate(inner, cuts) })
    expect(
      await failures(({ directory }, cuts) => ({ directory: mutant(directory as Directory, cuts) })),
    ).not.toEqual([])
  })

for (const [name, mutate] of Object.entries(blobStores))
  test(`a blob store that ${name} fails the suite`, async () => {
    const mutant = (inner: Blobs, cuts: () => number): Blobs => ({ ...inner, ...mutate(inner, cuts) })
    expect(await failures(({ blobs }, cuts) => ({ blobs: mutant(blobs as Blobs, cuts) }))).not.toEqual([])
  })

for (const [name, mutate] of Object.entries(topics))
  test(`a topic that ${name} fails the suite`, async () => {
    const mutant = (inner: Topic, cuts: () => number): Topic => ({ ...inner, ...mutate(inner, cuts) })
    expect(await failures(({ topic }, cuts) => ({ topic: mutant(topic as Topic, cuts) }))).not.toEqual([])
  })
