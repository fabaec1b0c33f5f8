import { type Carrier, type Delivery, type DirectoryRecord, type Logger, silentLogger } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { fanOut, MAX_BACKGROUND_CALLS, TransportError } from '@hyphae/transport'
import { expect, test } from 'vitest'
import { carrierWith, memoryCarrier, numberOf, plainBox, put, turn } from './carriers.js'
import { signRecord, signStock } from './statements.js'

const box = plainBox(1)
const none = new Uint8Array()

function withLog(): { logger: Logger; log: string[] } {
  const log: string[] = []
  const note = (_message: string, fields: Record<string, unknown> = {}): void =>
    void log.push(`${fields.what} ${fields.carrier} ${fields.code ?? 'ok'}`)
  return { logger: { ...silentLogger, debug: note, warn: note }, log }
}

function failing(base: Carrier, code: 'transport/lost' | 'transport/closed'): Carrier {
  const fail = async (): Promise<never> => {
    throw new TransportError(code)
  }
  const all = {
    publish: fail,
    lookup: fail,
    stock: fail,
    take: fail,
    remaining: fail,
    put: fail,
    get: fail,
    has: fail,
  }
  return { ...carrierWith('failing', { put: fail, fetch: fail }, base), directory: all, blobs: all }
}

test('put resolves when one carrier stored it, and the logger hears of each', async () => {
  const good = await memoryCarrier()
  const { logger, log } = withLog()
  const both = fanOut([failing(good, 'transport/lost'), good], { logger })
  await both.mailbox?.put([put(box, 1)])
  await turn()
  expect(await good.mailbox?.fetch(box)).toHaveLength(1)
  expect(log.sort()).toEqual(['put failing transport/lost', 'put memory ok'])
})

test('put does not wait for the slow, and the slow still gets it', async () => {
  const [fast, slow] = [await memoryCarrier(), await memoryCarrier()]
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const gated = carrierWith(
    'slow',
    {
      put: async (items) => {
        await gate
        await slow.mailbox?.put(items)
      },
    },
    slow,
  )
  await fanOut([gated, fast]).mailbox?.put([put(box, 1)])
  expect(await slow.mailbox?.fetch(box)).toHaveLength(0)
  open()
  await turn()
  expect(await slow.mailbox?.fetch(box)).toHaveLength(1)
})

test('put rejects when all fail: for good if it is for good, to be retried if one may be', async () => {
  const base = await memoryCarrier()
  const [lost, closed] = [failing(base, 'transport/lost'), failing(base, 'transport/closed')]
  await expect(fanOut([lost, closed]).mailbox?.put([put(box, 1)])).rejects.toMatchObject({
    code: 'transport/all-failed',
    retryable: true,
    details: { carriers: 2 },
  })
  await expect(fanOut([closed, closed]).mailbox?.put([put(box, 1)])).rejects.toMatchObject({
    code: 'transport/closed',
    retryable: false,
  })
})

test('a carrier that never answers is left out after so many calls', async () => {
  const good = await memoryCarrier()
  let asked = 0
  const silent = carrierWith(
    'silent',
    {
      put: () => {
        asked += 1
        return new Promise<void>(() => {})
      },
    },
    good,
  )
  const both = fanOut([silent, good])
  for (let n = 0; n < MAX_BACKGROUND_CALLS + 50; n++) await both.mailbox?.put([put(box, n)])
  expect(asked).toBe(MAX_BACKGROUND_CALLS)
})

test('fetch merges, cuts at its limit, and acknowledges no further than it gave', async () => {
  const carriers = [await memoryCarrier(), await memoryCarrier()] as const
  const both = fanOut(carriers)
  await carriers[0].mailbox?.put([put(box, 1), put(box, 2)])
  await carriers[1].mailbox?.put([put(box, 2), put(box, 3), put(box, 1), put(box, 4)])
  const found = (await both.mailbox?.fetch(box, { limit: 2 })) as Delivery[]
  expect(found.map(numberOf)).toEqual([1, 2])
  await found[1]?.ack()
  expect((await carriers[0].mailbox?.fetch(box))?.map(numberOf)).toEqual([])
  expect((await carriers[1].mailbox?.fetch(box))?.map(numberOf)).toEqual([3, 1, 4])
  const rest = (await both.mailbox?.fetch(box)) as Delivery[]
  expect(rest.map(numberOf)).toEqual([3, 1, 4])
})

test('fetch goes on without the carriers that fail', async () => {
  const good = await memoryCarrier()
  await good.mailbox?.put([put(box, 1)])
  const both = fanOut([failing(good, 'transport/lost'), good])
  expect(await both.mailbox?.fetch(box)).toHaveLength(1)
})

test('lookup gives every different candidate, the newest of a writer first', async () => {
  const carriers = [await memoryCarrier(), await memoryCarrier(), await memoryCarrier()] as const
  const [alice, mallory] = [crypto.ed25519.generate(), crypto.ed25519.generate()]
  const address = new Uint8Array(32).fill(1)
  const record = (key: typeof alice, sequence: number): DirectoryRecord =>
    signRecord(key, { address, sequence, body: Uint8Array.of(sequence) })
  await carriers[0].directory?.publish(record(alice, 1))
  await carriers[1].directory?.publish(record(mallory, 9))
  await carriers[1].directory?.publish(record(alice, 2))
  await carriers[2].directory?.publish(record(alice, 1))
  const both = fanOut([...carriers, failing(carriers[0], 'transport/lost')])
  const found = (await both.directory?.lookup(address)) ?? []
  expect(found.map(({ sequence }) => sequence)).toEqual([2, 1, 9])
})

test('a stock lies at one carrier, so that nothing is handed out twice', async () => {
  const carriers = [await memoryCarrier(), await memoryCarrier()] as const
  const key = crypto.ed25519.generate()
  const both = fanOut(carriers)
  const items = [Uint8Array.of(1), Uint8Array.of(2)]
  const upload = signStock(key, { kind: 1, sequence: 1, items, lastResort: none, replace: false })
  await both.directory?.stock(upload)
  expect(await carriers[0].directory?.remaining(key.publicKey, 1)).toBe(2)
  expect(await carriers[1].directory?.remaining(key.publicKey, 1)).toBe(0)
  expect(await both.directory?.remaining(key.publicKey, 1)).toBe(2)
  await expect(
    both.directory?.stock({ ...upload, sequence: 0, signature: new Uint8Array(64) }),
  ).rejects.toMatchObject({
    code: 'transport/stale',
  })
})

test('a stock goes to the next carrier when the first is not there', async () => {
  const good = await memoryCarrier()
  const key = crypto.ed25519.generate()
  const both = fanOut([failing(good, 'transport/lost'), good])
  const upload = signStock(key, {
    kind: 1,
    sequence: 1,
    items: [Uint8Array.of(1)],
    lastResort: none,
    replace: false,
  })
  await both.directory?.stock(upload)
  expect((await both.directory?.take(key.publicKey, 1))?.item).toEqual(Uint8Array.of(1))
  // None left at one, no answer from the other: that is not the same as none.
  await expect(both.directory?.take(key.publicKey, 1)).rejects.toMatchObject({ code: 'transport/all-failed' })
})

test('a one-time item at any carrier comes before a last resort at another', async () => {
  const carriers = [await memoryCarrier(), await memoryCarrier()] as const
  const key = crypto.ed25519.generate()
  const statement = { kind: 1, sequence: 1, replace: false }
  await carriers[0].directory?.stock(
    signStock(key, { ...statement, items: [], lastResort: Uint8Array.of(9) }),
  )
  await carriers[1].directory?.stock(
    signStock(key, { ...statement, items: [Uint8Array.of(1)], lastResort: none }),
  )
  const both = fanOut(carriers)
  expect(await both.directory?.take(key.publicKey, 1)).toEqual({ item: Uint8Array.of(1), lastResort: false })
  expect(await both.directory?.take(key.publicKey, 1)).toEqual({ item: Uint8Array.of(9), lastResort: true })
})

test('blobs come from whichever carrier has them, and a wrong one is asked no further', async () => {
  const [honest, liar] = [await memoryCarrier(), await memoryCarrier()]
  const blob = (byte: number) => {
    const data = new Uint8Array(100).fill(byte)
    return { hash: crypto.sha256(data), data }
  }
  const [a, b, c] = [blob(1), blob(2), blob(3)]
  await liar.blobs?.put([a, { hash: b.hash, data: c.data }])
  await honest.blobs?.put([b, c])
  const verifyBlob = (hash: Uint8Array, data: Uint8Array): boolean =>
    Buffer.from(crypto.sha256(data)).equals(hash)
  const both = fanOut([failing(honest, 'transport/lost'), liar, honest], { verifyBlob })
  const found = await both.blobs?.get([c.hash, b.hash, a.hash, blob(4).hash])
  expect(found).toEqual([c.data, b.data, a.data, undefined])
  expect(await both.blobs?.has([a.hash, blob(4).hash])).toEqual([true, false])
})

test('what no carrier offers is not offered', async () => {
  const base = await memoryCarrier()
  const { mailbox: _mailbox, directory: _directory, ...onlyBlobs } = base
  const carrier = fanOut([onlyBlobs])
  expect(Object.keys(carrier).sort()).toEqual(['blobs', 'close', 'name', 'traits'])
  expect(() => fanOut([])).toThrow(TransportError)
})

test('traits: it must fit every carrier, and the best is good enough', async () => {
  const base = await memoryCarrier()
  const thin = {
    ...base,
    traits: { ...base.traits, mtu: 512, bandwidthBps: 300, latencyMs: 900, metered: true },
  }
  expect(fanOut([base, thin]).traits).toMatchObject({
    mtu: 512,
    bandwidthBps: base.traits.bandwidthBps,
    latencyMs: 0,
    metered: true,
    ordered: false,
  })
})
