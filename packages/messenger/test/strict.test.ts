/** Strict privacy: boxes read by their bucket, frames in slots, and carriers that cannot hide enough refused. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { boxId, type MailboxPut, silentLogger, systemClock, type Transport, toHex } from '@hyphae/core'
import { startRelay } from '@hyphae/relay'
import { memoryStore } from '@hyphae/store'
import { relay } from '@hyphae/transport-relay'
import { hopKey, openCalls, throughRelay } from '@hyphae/transport-relay/hops'
import { describe, expect, it, onTestFinished } from 'vitest'
import { homeOf } from '../src/boxes.js'
import { createMessenger, type Messenger, memoryNetwork } from '../src/index.js'
import { HOME_BITS, LOW_SEND_MS, QUIET_BUCKET_MS, READER_BITS, RECENT_FRAMES } from '../src/limits.js'
import { awaitedFramesTable, boxesTable, outboxTable, placesTable } from '../src/rows.js'
import { crowdNetwork, fastClock } from './crowd.js'
import { eventOf, groupBy, next, nextTexts, openNode, survivingStore, tapped } from './nodes.js'

const DAY_MS = 24 * 60 * 60 * 1000
const clock = fastClock(8_000)
const strict = { mode: 'strict', cover: 'high', clock } as const
/** Without cover, and with less haste: what is not about slots does not need them. */
const slow = fastClock(2_000)
const uncovered = { mode: 'strict', cover: 'off', clock: slow } as const

async function say(from: Messenger, to: Messenger, text: string): Promise<void> {
  await (await from.conversation(to.id)).send(text)
  expect((await next(to)).text).toBe(text)
}

describe('a strict node', () => {
  it('reads one bucket, whatever it has to read', async () => {
    const net = crowdNetwork(READER_BITS + 4)
    const [alice, bob, carol] = await Promise.all([1, 2, 3].map(() => openNode(net.transport(), uncovered)))
    for (const other of [bob, carol] as Messenger[]) {
      await say(alice as Messenger, other, 'hello')
      await say(other, alice as Messenger, 'hello')
      slow.forward(DAY_MS)
      await say(alice as Messenger, other, 'next day')
      await say(other, alice as Messenger, 'next day')
    }
    const group = await groupBy(alice as Messenger, {
      name: 'all',
      members: [bob as Messenger, carol as Messenger].map(({ id }) => id),
    })
    await group.send('to all')
    expect((await next(bob as Messenger)).text).toBe('to all')
    expect((await next(carol as Messenger)).text).toBe('to all')
    const prefixes = new Set(net.fetches.map(({ prefix }) => prefix))
    expect(prefixes.size).toBeLessThanOrEqual(3)
    expect(net.stored.some(({ box }) => homeOf(box) >>> (HOME_BITS - 4) === [...prefixes][0])).toBe(true)
  })

  it('finds what was read before its box was opened', async () => {
    const net = crowdNetwork(0)
    const held: MailboxPut[] = []
    let holding = true
    // The first frame, the handshake, comes last.
    const late: Transport = async (components) => {
      const carrier = await net.transport()(components)
      const mailbox = carrier.mailbox
      if (mailbox === undefined) throw new Error('it has mailboxes')
      const put: typeof mailbox.put = async (items, options) => {
        const first = holding ? items.slice(0, 1) : []
        held.push(...first)
        holding = false
        await mailbox.put(items.slice(first.length), options)
        if (held.length > 0 && items.length > first.length) {
          await systemClock.sleep(100)
          await mailbox.put(held.splice(0), options)
        }
      }
      return { ...carrier, mailbox: { ...mailbox, put } }
    }
    const bob = await openNode(net.transport(), uncovered)
    const alice = await openNode(late, uncovered)
    await say(alice, bob, 'before the handshake')
  })

  it('finds what others said in a group long before its Welcome came', async () => {
    const net = crowdNetwork(0)
    const disk = survivingStore(memoryStore())
    const held: MailboxPut[] = []
    let holding = false
    let release = async (): Promise<void> => {}
    const late: Transport = async (components) => {
      const carrier = await net.transport()(components)
      const mailbox = carrier.mailbox
      if (mailbox === undefined) throw new Error('it has mailboxes')
      release = () => mailbox.put(held.splice(0))
      const isBobs = async (box: Uint8Array): Promise<boolean> =>
        (await boxesTable.get(disk, box)) !== undefined
      const put: typeof mailbox.put = async (items, options) => {
        const bobs = await Promise.all(items.map(({ box }) => holding && isBobs(box)))
        held.push(...items.filter((_, index) => bobs[index]))
        await mailbox.put(
          items.filter((_, index) => !bobs[index]),
          options,
        )
      }
      return { ...carrier, mailbox: { ...mailbox, put } }
    }
    const bob = await openNode(net.transport(), { ...uncovered, store: disk })
    const [alice, carol] = [await openNode(late, uncovered), await openNode(net.transport(), uncovered)]
    await say(alice, bob, 'hello')
    await say(alice, carol, 'hello')
    const joined = eventOf(carol, 'group-joined')
    const members = [bob.id, carol.id]
    await until(async () => {
      holding = true
      const made = await alice.createGroup({ name: 'all', members }).catch(() => undefined)
      if (made !== undefined) return true
      holding = false
      await release()
      return false
    })
    const { group } = await joined
    await (await carol.group(group)).send('early')
    await until(async () => (await awaitedFramesTable.list(disk, [])).length === 1)
    await flood(net, 0, RECENT_FRAMES + 88)
    await until(async () => (await placesTable.list(disk, [])).some(({ row }) => row > 0))
    await bob.close()
    const again = await openNode(net.transport(), { ...uncovered, store: disk })
    holding = false
    await release()
    expect((await next(again)).text).toBe('early')
    await until(async () => (await awaitedFramesTable.list(disk, [])).length === 0)
  })

  it('goes on where it was after a restart, and shows nothing twice', async () => {
    const net = crowdNetwork(READER_BITS + 1)
    const disk = survivingStore(memoryStore())
    const alice = await openNode(net.transport(), uncovered)
    const bob = await openNode(net.transport(), { ...uncovered, store: disk })
    await say(alice, bob, 'one')
    await bob.close()
    const chat = await alice.conversation(bob.id)
    const sent = Array.from({ length: 6 }, (_, day) => `day ${day}`)
    for (const text of sent) {
      await chat.send(text)
      slow.forward(DAY_MS)
    }
    await alice.flush()
    // More than is kept in memory, so that the place on disk moves on.
    const prefix = homeOf(net.stored.at(-1)?.box as Uint8Array) >>> (HOME_BITS - 1)
    const noise = net.stored.length
    const more = RECENT_FRAMES + 88
    await flood(net, prefix, more)
    expect(net.stored.length).toBe(noise + more)
    const again = await openNode(net.transport(), { ...uncovered, store: disk })
    expect(await nextTexts(again, sent.length)).toEqual(sent)
    await until(async () => (await placesTable.list(disk, [])).some(({ row }) => row > 0))
    await again.close()
    const third = await openNode(net.transport(), { ...uncovered, store: disk })
    await say(alice, third, 'last')
  })

  it('sends a frame in every slot, to boxes that do not tell', async () => {
    const net = crowdNetwork(0)
    const own = fastClock(20_000)
    const begun = own.now()
    const alice = await openNode(net.transport(), { mode: 'strict', cover: 'low', clock: own })
    await until(() => net.stored.length >= 60)
    const mean = (own.now() - begun) / net.stored.length
    expect(mean).toBeGreaterThan(LOW_SEND_MS / 3)
    expect(net.stored.every(({ frame }) => frame.length === 2048)).toBe(true)
    const decoys = new Set(net.stored.map(({ box }) => box.join()))
    expect(decoys.size).toBeGreaterThan(1)
    expect(decoys.size).toBeLessThanOrEqual(16)
    expect(alice.privacy).toMatchObject({ mode: 'strict', cover: 'low' })
  })

  it('sends what begins a session before what is said in it', async () => {
    const net = crowdNetwork(0)
    const disk = memoryStore()
    const [puts, others] = [[] as MailboxPut[], 6]
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const gated: Transport = async (components) => {
      const carrier = await net.transport()(components)
      const mailbox = carrier.mailbox
      if (mailbox === undefined) throw new Error('it has mailboxes')
      const put: typeof mailbox.put = async (items, options) => {
        await opened
        await mailbox.put(items, options)
      }
      return { ...carrier, mailbox: { ...mailbox, put } }
    }
    const alice = await openNode(tapped(gated, puts), { ...strict, store: disk })
    const bobs = await Promise.all(Array.from({ length: others }, () => openNode(net.transport(), uncovered)))
    for (const bob of bobs) await (await alice.conversation(bob.id)).send('hello')
    const queued = (await outboxTable.list(disk, [])).map(({ row }) => row)
    expect(queued.length).toBe(2 * others)
    open()
    await alice.flush()
    const sent = puts.map(({ id }) => toHex(id))
    for (const [index, { session, id }] of queued.entries())
      for (const later of queued.slice(index + 1).filter((one) => one.session === session))
        expect(sent.lastIndexOf(toHex(id))).toBeLessThan(sent.indexOf(toHex(later.id)))
  })

  it('writes to a contact as often as to a decoy, whether there is something to say or not', async () => {
    const net = crowdNetwork(0)
    const ownPuts: MailboxPut[] = []
    const bob = await openNode(net.transport(), strict)
    const alice = await openNode(tapped(net.transport(), ownPuts), strict)
    await say(alice, bob, 'hello')
    const count = async (slots: number): Promise<number[]> => {
      ownPuts.length = 0
      await until(() => ownPuts.length >= slots)
      const byBox = new Map<string, number>()
      for (const { box } of ownPuts.slice(0, slots)) byBox.set(toHex(box), (byBox.get(toHex(box)) ?? 0) + 1)
      return [...byBox.values()].sort((x, y) => y - x)
    }
    const idle = await count(200)
    const chat = await alice.conversation(bob.id)
    for (let index = 0; index < 80; index++) await chat.send(`${index}`)
    const busy = await count(200)
    // Seven boxes, some of which may have turned meanwhile: 29 frames each, and twice and a half that is beyond all chance.
    for (const counts of [idle, busy]) {
      expect(counts.length).toBeGreaterThanOrEqual(7)
      expect(counts[0]).toBeLessThan(73)
    }
  })

  it('is refused by carriers that cannot hide it, and sends no cover where bytes are paid for', async () => {
    const net = memoryNetwork()
    await expect(createMessenger({ transports: [net()], mode: 'strict' })).rejects.toMatchObject({
      code: 'messenger/not-private',
      details: { needs: 'two-hop' },
    })
    const crowd = crowdNetwork(0)
    const changed =
      (change: object): Transport =>
      async (components) => {
        const carrier = await crowd.transport()(components)
        return { ...carrier, ...change, traits: { ...carrier.traits, metered: true } }
      }
    const bare = createMessenger({ transports: [changed({ buckets: undefined })], mode: 'strict' })
    await expect(bare).rejects.toMatchObject({ details: { needs: 'buckets' } })
    const metered = await openNode(changed({}), strict)
    expect(metered.privacy.cover).toBe('off')
    await systemClock.sleep(50)
    expect(crowd.stored).toEqual([])
  })

  it('hostile 37: a relay that claims to be huge makes its crowd no smaller than a home', async () => {
    const net = crowdNetwork(24)
    const [alice, bob] = await Promise.all([1, 2].map(() => openNode(net.transport(), strict)))
    await say(alice as Messenger, bob as Messenger, 'hello')
    expect(net.fetches.every(({ bits }) => bits === HOME_BITS)).toBe(true)
    expect(new Set(net.fetches.map(({ prefix }) => prefix)).size).toBeLessThanOrEqual(2)
  })

  it('hostile 37: a relay that counts from the beginning again is read from the beginning', async () => {
    const net = crowdNetwork(0)
    const own = fastClock(20_000)
    const quiet = { ...strict, cover: 'off', clock: own } as const
    const [alice, bob] = await Promise.all([1, 2].map(() => openNode(net.transport(), quiet)))
    await say(alice as Messenger, bob as Messenger, 'one')
    await systemClock.sleep(20)
    net.forget()
    await (await (alice as Messenger).conversation((bob as Messenger).id)).send('two')
    own.forward(QUIET_BUCKET_MS)
    expect((await next(bob as Messenger)).text).toBe('two')
  })

  it('talks and sends files over two relays', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hyphae-strict-'))
    const second = await startRelay({ data: join(folder, 'second'), hops: {} })
    const entry = await startRelay({
      data: join(folder, 'entry'),
      hops: { peers: [second.url], second: false },
    })
    onTestFinished(async () => {
      await Promise.all([entry.close(), second.close()])
      await rm(folder, { recursive: true, force: true })
    })
    const calls = openCalls(second.url, { clock: systemClock, logger: silentLogger })
    const via = throughRelay(entry.url, { key: await hopKey(calls) })
    await calls.close()
    const transport: Transport = ({ logger }) => relay(second.url, { via })({ clock: systemClock, logger })
    const [alice, bob] = await Promise.all(
      (['high', 'off'] as const).map((cover) =>
        openNode(transport, { ...strict, cover, clock: fastClock(200) }),
      ),
    )
    // Time goes by too fast for them to wait until they are published.
    await until(async () => {
      const found = [alice?.conversation(bob?.id ?? ''), bob?.conversation(alice?.id ?? '')]
      return (await Promise.allSettled(found)).every(({ status }) => status === 'fulfilled')
    })
    await say(alice as Messenger, bob as Messenger, 'hello')
    await say(bob as Messenger, alice as Messenger, 'hello too')
    const data = crypto.getRandomValues(new Uint8Array(60_000))
    await (await alice?.conversation(bob?.id ?? ''))?.sendFile({ name: 'f', mediaType: 'a/b', data })
    const told = await next(bob as Messenger)
    expect(await bob?.downloadFile(told)).toEqual(data)
    expect(alice?.privacy.carriers).toMatchObject([{ privacy: 'two-hop', buckets: true }])
  })
})

/** Frames for boxes of others in the bucket of one bit. */
async function flood(net: ReturnType<typeof crowdNetwork>, prefix: number, count: number): Promise<void> {
  const carrier = await net.transport()({ clock: systemClock, logger: silentLogger })
  const bytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
  const items = Array.from({ length: count }, (): MailboxPut => {
    const box = bytes(32)
    box[0] = ((box[0] as number) & 0x7f) | (prefix << 7)
    return { box: boxId(box), id: bytes(16), frame: bytes(2048) }
  })
  await carrier.mailbox?.put(items)
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('it did not come about')
}
