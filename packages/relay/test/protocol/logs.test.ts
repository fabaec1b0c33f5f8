import { setTimeout as sleep } from 'node:timers/promises'
import { boxId } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import type { Sequencer } from '@hyphae/mls/order'
import { type LogKey, relaySequencer } from '@hyphae/transport-relay'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newBox, type RelayClient, type RelayFixture, startFixture } from '../support/relay.js'

let fixture: RelayFixture
let carrier: RelayClient
beforeEach(async () => {
  fixture = await startFixture({ limits: { logEntries: 5 } })
  carrier = await fixture.connect()
})
afterEach(() => fixture.dispose())

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

describe('a log', () => {
  it('grows by whoever is first; the other learns what is there', async () => {
    const log = newBox()
    expect(await carrier.logs.append(log, 0, bytes(1))).toEqual({ appended: true })
    expect(await carrier.logs.append(log, 0, bytes(2))).toEqual({ appended: false, next: 1, entry: bytes(1) })
    expect(await carrier.logs.append(log, 5, bytes(2))).toEqual({
      appended: false,
      next: 1,
      entry: undefined,
    })
    expect(await carrier.logs.append(log, 1, bytes(2))).toEqual({ appended: true })
    expect(await carrier.logs.read(log)).toEqual({ from: 0, next: 2, entries: [bytes(1), bytes(2)] })
    expect(await carrier.logs.read(log, { from: 1 })).toEqual({ from: 1, next: 2, entries: [bytes(2)] })
    expect(await carrier.logs.read(log, { limit: 1 })).toEqual({ from: 0, next: 2, entries: [bytes(1)] })
    expect(await carrier.logs.read(log, { from: 9 })).toEqual({ from: 2, next: 2, entries: [] })
    expect(await carrier.logs.read(newBox())).toEqual({ from: 0, next: 0, entries: [] })
  })

  it('hostile 22: of many that come at once, one takes each place, and all agree which', async () => {
    const log = newBox()
    const clients = await Promise.all(Array.from({ length: 8 }, () => fixture.connect()))
    const race = async (position: number): Promise<number> => {
      const results = await Promise.all(
        clients.map((client, i) => client.logs.append(log, position, bytes(position, i))),
      )
      const winners = results.flatMap(({ appended }, i) => (appended ? [i] : []))
      expect(winners).toHaveLength(1)
      const won = bytes(position, winners[0] as number)
      for (const result of results) if (!result.appended) expect(result.entry).toEqual(won)
      return winners[0] as number
    }
    const order: number[] = []
    for (let position = 0; position < 5; position++) order.push(await race(position))
    const { entries } = await carrier.logs.read(log)
    expect(entries).toEqual(order.map((winner, position) => bytes(position, winner)))
  })

  it('hostile 8: takes a repeated append as the same', async () => {
    const log = newBox()
    const all = await Promise.all(Array.from({ length: 10 }, () => carrier.logs.append(log, 0, bytes(7))))
    expect(all.every(({ appended }) => appended)).toBe(true)
    await carrier.logs.append(log, 1, bytes(8))
    expect(await carrier.logs.append(log, 0, bytes(7))).toEqual({ appended: true })
    expect((await carrier.logs.read(log)).next).toBe(2)
  })

  it('keeps its newest entries and says where they begin', async () => {
    const log = newBox()
    for (let i = 0; i < 8; i++) await carrier.logs.append(log, i, bytes(i))
    const { from, next, entries } = await carrier.logs.read(log)
    expect({ from, next }).toEqual({ from: 3, next: 8 })
    expect(entries).toEqual([3, 4, 5, 6, 7].map((i) => bytes(i)))
    expect(await carrier.logs.append(log, 0, bytes(0))).toEqual({
      appended: false,
      next: 8,
      entry: undefined,
    })
  })

  it('is read and written by nobody who has not its key', async () => {
    const log = newBox()
    await carrier.logs.append(log, 0, bytes(1))
    const thief: LogKey = { id: log.id, sign: newBox().sign }
    const other = await fixture.connect()
    await expect(other.logs.append(thief, 1, bytes(2))).rejects.toMatchObject({
      code: 'relay-carrier/bad-proof',
    })
    await expect(other.logs.read(thief)).rejects.toMatchObject({ code: 'relay-carrier/bad-proof' })
    expect((await carrier.logs.read(log)).next).toBe(1)
  })

  it('survives a restart, and takes entries of every size up to the largest', async () => {
    const log = newBox()
    const large = crypto.randomBytes(64 * 1024)
    await carrier.logs.append(log, 0, large)
    await carrier.logs.append(log, 1, bytes(1))
    await expect(carrier.logs.append(log, 2, new Uint8Array(64 * 1024 + 1))).rejects.toMatchObject({
      code: 'relay-carrier/bad-input',
    })
    await fixture.restart()
    const again = await fixture.connect()
    expect((await again.logs.read(log)).entries).toEqual([large, bytes(1)])
  })
})

describe('a relay as a sequencer of commits', () => {
  const sequencerOver = (client: RelayClient): Sequencer =>
    relaySequencer({
      logs: client.logs,
      sha256: crypto.sha256,
      keyOf: (seed) => {
        const key = crypto.ed25519.importSeed(seed)
        return { id: boxId(key.publicKey), sign: (message) => crypto.ed25519.sign(key, message) }
      },
    })
  const [group, parent] = ['0011'.repeat(8), 'aabb'.repeat(8)]

  it('hostile 22: takes the first commit of an epoch and says so to the same one again', async () => {
    const [a, b] = [sequencerOver(carrier), sequencerOver(await fixture.connect())]
    const [first, second] = [crypto.randomBytes(900), crypto.randomBytes(900)]
    expect(await a.submit(group, parent, first)).toBe('accepted')
    expect(await b.submit(group, parent, second)).toBe('taken')
    expect(await a.submit(group, parent, first)).toBe('accepted')
    expect(await b.submit(group, 'ccdd'.repeat(8), second)).toBe('accepted')
    expect(await b.submit('2233'.repeat(8), parent, second)).toBe('accepted')
  })

  it('takes commits that are larger than an entry by their hash', async () => {
    const sequencer = sequencerOver(carrier)
    const huge = crypto.randomBytes(300_000)
    expect(await sequencer.submit(group, parent, huge)).toBe('accepted')
    expect(await sequencer.submit(group, parent, huge)).toBe('accepted')
    expect(await sequencer.submit(group, parent, crypto.randomBytes(300_000))).toBe('taken')
  })
})

describe('a channel', () => {
  const frame = (marker: number): Uint8Array => new Uint8Array(512).fill(marker)

  it('passes frames on to those who listen, and keeps none', async () => {
    const channel = crypto.randomBytes(32)
    await carrier.channels.announce(channel, frame(1))
    const [a, b] = [await fixture.connect(), await fixture.connect()]
    const heard = [a, b].map((client) => client.channels.listen(channel)[Symbol.asyncIterator]())
    const first = heard.map((iterator) => iterator.next())
    const elsewhere = b.channels.listen(crypto.randomBytes(32))[Symbol.asyncIterator]()
    const never = elsewhere.next()
    await sleep(50)
    await carrier.channels.announce(channel, frame(2))
    expect((await Promise.all(first)).map(({ value }) => value?.[0])).toEqual([2, 2])
    expect((await fixture.server.stats()).bytes).toBe(0)
    await Promise.all([...heard.map((iterator) => iterator.return?.()), elsewhere.return?.()])
    expect((await never).done).toBe(true)
  })

  it('hostile 38: has a limit of listeners', async () => {
    const small = await startFixture({ limits: { listeners: 2 } })
    try {
      const channel = crypto.randomBytes(32)
      const clients = await Promise.all([small.connect(), small.connect(), small.connect()])
      const [a, b, c] = clients.map((client) => client.channels.listen(channel)[Symbol.asyncIterator]())
      const [inA, inB] = [a?.next(), b?.next()]
      await sleep(50)
      await expect(c?.next()).rejects.toMatchObject({ code: 'relay-carrier/limit' })
      await clients[2]?.channels.announce(channel, frame(9))
      expect((await inA)?.value?.[0]).toBe(9)
      expect((await inB)?.value?.[0]).toBe(9)
    } finally {
      await small.dispose()
    }
  })
})

describe('what a relay offers', () => {
  it('is what it does', async () => {
    const offer = await carrier.describe()
    expect(offer).toMatchObject({ ttl: [1, 7, 14, 30], logEntries: 5, framesPerBox: 1024, listeners: 256 })
    expect(offer.tickets.slice(0, 1)).toEqual(['none'])
    // Nothing of what its operator does not want: payment, hops, push.
    const ticketed = [64, 65, 66]
    expect(offer.requests).toEqual([...Array.from({ length: 28 }, (_, i) => i + 1), ...ticketed])
    expect(offer.price).toHaveLength(0)
    expect(offer.store).toHaveLength(16)
  })
})
