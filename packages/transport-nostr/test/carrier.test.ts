import { defaultCrypto as crypto } from '@hyphae/crypto'
import { createBoxKey, randomPut } from '@hyphae/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { nostr, nostrPool } from '../src/index.node.js'
import { giftWrap, KIND_CHAT, KIND_GIFT_WRAP, makeRumor, unwrapGift } from '../src/portable.js'
import { keyOf, keys, nostr as primitives } from './support/keys.js'
import { components, type RelaySettings, type RunningRelay, startRelay } from './support/relay.js'

const running: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

async function relay(settings?: RelaySettings): Promise<RunningRelay> {
  const started = await startRelay(settings)
  running.push(started)
  return started
}

async function carrierOf(...relays: RunningRelay[]) {
  const carrier = await nostr(relays.map(({ url }) => url))(components)
  running.unshift({ stop: () => carrier.close() })
  return carrier
}

describe('the carrier', () => {
  it('shows a relay gift wraps of keys used once, with neither box nor frame in them', async () => {
    const server = await relay()
    const { mailbox } = await carrierOf(server)
    const box = createBoxKey(crypto)
    const puts = [randomPut(crypto, box.id), randomPut(crypto, box.id)]
    await mailbox!.put(puts)
    const seen = [...server.events.values()]
    expect(new Set(seen.map(({ pubkey }) => pubkey)).size).toBe(2)
    for (const event of seen) {
      expect(event.kind).toBe(KIND_GIFT_WRAP)
      expect(event.tags.map(([name]) => name)).toEqual(['p', 'expiration'])
      const text = JSON.stringify(event)
      for (const secret of [box.id, ...puts.flatMap(({ id, frame }) => [id, frame.subarray(20, 40)])]) {
        expect(text).not.toContain(Buffer.from(secret).toString('hex'))
        expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(0, 20))
      }
    }
  })

  it('needs one relay of several', async () => {
    const [first, second] = [await relay(), await relay()]
    const carrier = await carrierOf(first, second)
    const box = createBoxKey(crypto)
    await first.stop()
    const put = randomPut(crypto, box.id)
    await carrier.mailbox!.put([put])
    const watching = carrier.mailbox!.watch(box)[Symbol.asyncIterator]()
    expect((await watching.next()).value.frame).toEqual(put.frame)
    await watching.return?.()
  })

  it('hostile 36: what one relay withholds comes from the other', async () => {
    const [first, second] = [await relay(), await relay()]
    const { mailbox } = await carrierOf(first, second)
    const box = createBoxKey(crypto)
    const put = randomPut(crypto, box.id)
    await mailbox!.put([put])
    await expect.poll(() => second.events.size).toBe(1)
    first.events.clear()
    expect((await mailbox!.fetch(box)).map(({ frame }) => frame)).toEqual([put.frame])
  })

  it('a reader that was cut off misses nothing, also what came meanwhile', async () => {
    const server = await relay()
    const [reader, writer] = [await carrierOf(server), await carrierOf(server)]
    const box = createBoxKey(crypto)
    const sent = Array.from({ length: 6 }, () => randomPut(crypto, box.id))
    const watching = reader.mailbox!.watch(box)[Symbol.asyncIterator]()
    await writer.mailbox!.put(sent.slice(0, 1))
    const got = [(await watching.next()).value]
    server.cut()
    await writer.mailbox!.put(sent.slice(1, 4))
    await server.stop()
    const again = await relay({ port: server.port, events: server.events })
    await writer.mailbox!.put(sent.slice(4))
    while (got.length < sent.length) got.push((await watching.next()).value)
    expect(again.events.size).toBe(6)
    expect(got.map(({ frame }) => frame)).toEqual(sent.map(({ frame }) => frame))
    await watching.return?.()
  })

  it('finds more than a relay gives at a time', async () => {
    const server = await relay()
    const { mailbox } = await carrierOf(server)
    const box = createBoxKey(crypto)
    await mailbox!.put(Array.from({ length: 450 }, () => randomPut(crypto, box.id, 128)))
    expect(await mailbox!.fetch(box, { limit: 1000 })).toHaveLength(450)
  })

  it('passes on what is published to a topic, to those who know it, and keeps nothing', async () => {
    const server = await relay()
    const [reader, writer] = [await carrierOf(server), await carrierOf(server)]
    const name = crypto.randomBytes(20)
    const frames = reader.topic!.subscribe(name)[Symbol.asyncIterator]()
    const other = reader.topic!.subscribe(crypto.randomBytes(20))[Symbol.asyncIterator]()
    const [arrived, never] = [frames.next(), other.next()]
    const frame = crypto.randomBytes(512)
    // Ephemeral events reach those who listen already; a subscription needs a moment to arrive.
    let done = false
    void arrived.then(() => {
      done = true
    })
    while (!done) {
      await writer.topic!.publish(name, frame)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect((await arrived).value).toEqual(frame)
    expect(await Promise.race([never, Promise.resolve('nothing')])).toBe('nothing')
    expect(server.events.size).toBe(0)
  })

  it.each([
    ['no relay', []],
    ['a page', ['https://relay.example']],
    ['credentials', ['wss://me:secret@relay.example']],
    ['no URL', ['relay']],
  ])('refuses %s', (_what, urls) => {
    expect(() => nostr(urls)).toThrow(expect.objectContaining({ code: 'nostr/bad-url' }))
  })
})

describe('the pool', () => {
  it('brings a private message to the person it is for', async () => {
    const server = await relay()
    const pool = nostrPool([server.url], components)
    running.unshift({ stop: () => pool.close() })
    const [ada, ben] = [keyOf(1), keyOf(2)]
    const now = Math.floor(Date.now() / 1000)
    const rumor = makeRumor(primitives, ada.publicKey, {
      kind: KIND_CHAT,
      created_at: now,
      tags: [],
      content: 'hello',
    })
    await pool.publish(giftWrap(primitives, { author: ada, recipient: ben.publicKey, rumor, now, keys }))
    for await (const [wrap] of pool.watch({ kinds: [KIND_GIFT_WRAP], tags: { p: [ben.publicKey] } })) {
      const opened = unwrapGift(primitives, { own: ben, keys }, wrap)
      expect(opened?.rumor).toEqual(rumor)
      break
    }
  })
})
