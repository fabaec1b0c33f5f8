/** What strangers and faulty carriers put into this node's mailboxes. */
import type { Carrier, Delivery, MailboxPut, Store, StoreKey, Transport } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { memoryStore } from '@hyphae/store'
import { failingStore } from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'
import { createMessenger, type MessengerEvent, memoryNetwork } from '../../src/index.js'
import { eventOf, next, nextTexts, openNode, survivingStore } from '../nodes.js'

/** Records what is put, and puts on demand. */
function tapped(transport: Transport, puts: MailboxPut[]): Transport {
  return async (components) => {
    const carrier = await transport(components)
    const mailbox = carrier.mailbox
    if (mailbox === undefined) throw new Error('the network has mailboxes')
    const put: typeof mailbox.put = (items, options) => {
      puts.push(...items)
      return mailbox.put(items, options)
    }
    return { ...carrier, mailbox: { put, fetch: mailbox.fetch, watch: mailbox.watch } } satisfies Carrier
  }
}

/** Every delivery comes twice. */
function doubled(transport: Transport): Transport {
  return async (components) => {
    const carrier = await transport(components)
    const mailbox = carrier.mailbox
    if (mailbox === undefined) throw new Error('the network has mailboxes')
    const watch: typeof mailbox.watch = async function* (box, options): AsyncGenerator<Delivery> {
      for await (const delivery of mailbox.watch(box, options)) {
        yield delivery
        yield delivery
      }
    }
    return { ...carrier, mailbox: { put: mailbox.put, fetch: mailbox.fetch, watch } } satisfies Carrier
  }
}

/** Everything a store holds in some tables, to compare before and after. */
async function dump(store: Store, tables: readonly string[]): Promise<string> {
  const entries = await Promise.all(tables.map((name) => store.list([name] as StoreKey)))
  return JSON.stringify(
    entries
      .flat()
      .map(({ key, value }) => [key.map(String), Buffer.from(value).toString('hex')])
      .sort(),
  )
}

describe('hostile input', () => {
  it('hostile 1: garbage in any mailbox is acknowledged and changes nothing', async () => {
    const net = memoryNetwork()
    const puts: MailboxPut[] = []
    const disk = memoryStore()
    const alice = await openNode(tapped(net(), puts))
    const bob = await openNode(net(), { store: survivingStore(disk) })
    const join = eventOf(bob, 'group-joined')
    await (await alice.conversation(bob.id)).send('before')
    await next(bob)
    const group = await alice.createGroup({ name: 'g', members: [bob.id] })
    await join
    await group.send('in the group')
    await next(bob)
    const boxes = [...new Map(puts.map((item) => [Buffer.from(item.box).toString('hex'), item.box])).values()]
    expect(boxes.length).toBeGreaterThanOrEqual(3)

    const before = await dump(disk, ['ratchet-prekeys', 'ratchet-one-time', 'contact'])
    const carrier = await net()({
      clock: { now: () => 0, sleep: async () => {} },
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    })
    const junk: MailboxPut[] = boxes.flatMap((box) =>
      [128, 512, 2048, 4096].flatMap((size) => {
        const random = defaultCrypto.randomBytes(size)
        const versioned = Uint8Array.from(random)
        versioned.set([1, 0])
        return [random, versioned].map((frame) => ({ box, id: defaultCrypto.randomBytes(16), frame }))
      }),
    )
    const flipped = puts.map((item) => ({
      box: item.box,
      id: defaultCrypto.randomBytes(16),
      frame: item.frame.map((byte, i) => (i === 700 % item.frame.length ? byte ^ 1 : byte)),
    }))
    await carrier.mailbox?.put([...junk, ...flipped])
    await (await alice.conversation(bob.id)).send('after')
    await group.send('after in the group')
    const texts = await nextTexts(bob, 2)
    expect(texts.sort()).toEqual(['after', 'after in the group'])
    const now = JSON.parse(await dump(disk, ['ratchet-prekeys', 'ratchet-one-time', 'contact'])) as unknown
    expect(JSON.parse(before)).toEqual(expect.arrayContaining(now as unknown[]))
    await carrier.close()
  })

  it('hostile 8: every frame replayed, at once and after a restart, shows nothing twice', async () => {
    const net = memoryNetwork()
    const puts: MailboxPut[] = []
    const disk = memoryStore()
    const alice = await openNode(tapped(net(), puts))
    const bob = await openNode(doubled(net()), { store: survivingStore(disk) })
    const chat = await alice.conversation(bob.id)
    for (const text of ['one', 'two', 'three']) await chat.send(text)
    expect(await nextTexts(bob, 3)).toEqual(['one', 'two', 'three'])
    await bob.close()

    const carrier = await net()({
      clock: { now: () => 0, sleep: async () => {} },
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    })
    await carrier.mailbox?.put(puts.map((item) => ({ ...item, id: defaultCrypto.randomBytes(16) })))
    const again = await createMessenger({ transports: [net()], store: survivingStore(disk) })
    await chat.send('four')
    expect(await nextTexts(again, 1)).toEqual(['four'])
    const history = await (await again.conversation(alice.id)).history()
    expect(history.map((message) => message.text)).toEqual(['one', 'two', 'three', 'four'])
    await again.close()
    await carrier.close()
  })

  it('hostile 32: while the disk fails nothing is acknowledged, and all comes when it works again', async () => {
    const net = memoryNetwork()
    const disk = memoryStore()
    const alice = await openNode(net())
    let broken = false
    const flaky: Store = {
      ...survivingStore(disk),
      transact: (work) => (broken ? failingStore(disk, { failAt: 1 }).transact(work) : disk.transact(work)),
    }
    const bob = await openNode(net(), { store: flaky })
    const chat = await alice.conversation(bob.id)
    await chat.send('one')
    expect(await nextTexts(bob, 1)).toEqual(['one'])
    broken = true
    const sent = await chat.send('two')
    await alice.reached(sent.id, 'stored')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await alice.status(sent.id)).state).toBe('stored')
    await expect((await alice.conversation(bob.id)).history()).resolves.toHaveLength(2)
    broken = false
    expect(await nextTexts(bob, 1)).toEqual(['two'])
    await alice.reached(sent.id, 'delivered')
  })

  it('tells an app what it refused, by code alone', async () => {
    const net = memoryNetwork()
    const puts: MailboxPut[] = []
    const alice = await openNode(tapped(net(), puts))
    const bob = await openNode(net())
    await (await alice.conversation(bob.id)).send('first')
    await next(bob)
    const refused: Promise<MessengerEvent> = eventOf(bob, 'refused')
    const intro = puts[0] as MailboxPut
    const carrier = await net()({
      clock: { now: () => 0, sleep: async () => {} },
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    })
    const wrongVersion = intro.frame.map((byte, i) => (i === 0 ? 9 : byte))
    await carrier.mailbox?.put([{ box: intro.box, id: defaultCrypto.randomBytes(16), frame: wrongVersion }])
    expect(await refused).toMatchObject({ where: 'intro', code: expect.stringMatching(/^tlv\//) })
    await carrier.close()
  })
})
