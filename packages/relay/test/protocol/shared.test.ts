/** Several clients at one box, one stock, one channel. */
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Delivery, isHyphaeError } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signStockUpload } from '@hyphae/tlv'
import { decodeReplies, encodeRequests, FAILURES, type Reply } from '@hyphae/transport-relay/wire'
import { afterEach, describe, expect, it } from 'vitest'
import { BINARY, rawFrame, rawPayloads, rawWebSocket } from '../support/raw-socket.js'
import { newBox, type RelayClient, type RelayFixture, startFixture } from '../support/relay.js'

let fixture: RelayFixture
afterEach(() => fixture.dispose())

const put = (box: Uint8Array, n: number) => ({
  box: box as ReturnType<typeof newBox>['id'],
  id: new Uint8Array(16).fill(n),
  frame: new Uint8Array(128).fill(n),
})

describe('two clients on one box', () => {
  it('hostile 34: both see every frame in one order; what either acknowledges is gone for both', async () => {
    fixture = await startFixture()
    const box = newBox()
    const [a, b, sender] = await Promise.all([fixture.connect(), fixture.connect(), fixture.connect()])
    const seen = { a: [] as number[], b: [] as number[] }
    const follow = async (client: RelayClient, into: number[]): Promise<void> => {
      for await (const { frame } of client.mailbox.watch(box)) {
        into.push(frame[0] as number)
        if (into.length === 100) break
      }
    }
    const following = [follow(a, seen.a), follow(b, seen.b)]
    for (let n = 0; n < 100; n++) await sender.mailbox.put([put(box.id, n)])
    await Promise.all(following)
    expect(seen.a).toEqual(Array.from({ length: 100 }, (_, n) => n))
    expect(seen.b).toEqual(seen.a)
    const waiting = await a.mailbox.fetch(box)
    await waiting[49]?.ack()
    expect((await b.mailbox.fetch(box)).map(({ frame }) => frame[0])).toEqual(seen.a.slice(50))
    await b.mailbox.fetch(box).then((all) => all.at(-1)?.ack())
    // An acknowledgement that lags behind brings nothing back.
    await waiting[10]?.ack()
    expect(await a.mailbox.fetch(box)).toEqual([])
  })

  it('acknowledging at once and crosswise leaves nothing and takes nothing that came later', async () => {
    fixture = await startFixture()
    const box = newBox()
    const [a, b] = await Promise.all([fixture.connect(), fixture.connect()])
    await a.mailbox.put(Array.from({ length: 60 }, (_, n) => put(box.id, n)))
    const [mine, theirs] = await Promise.all([a.mailbox.fetch(box), b.mailbox.fetch(box)])
    const odd = (deliveries: Delivery[], rest: number) => deliveries.filter((_, i) => i % 2 === rest)
    const acks = [...odd(mine, 0), ...odd(theirs, 1)].map((delivery) => delivery.ack())
    await Promise.all([...acks, b.mailbox.put([put(box.id, 200)])])
    expect((await a.mailbox.fetch(box)).map(({ frame }) => frame[0])).toEqual([200])
  })

  it('the owner closes it while another puts: each put is stored or refused, none both', async () => {
    fixture = await startFixture()
    const box = newBox()
    const [owner, sender] = await Promise.all([fixture.connect(), fixture.connect()])
    const puts = Array.from({ length: 50 }, (_, n) => sender.mailbox.put([put(box.id, n)]))
    const closing = owner.terms.set(box, { accepts: [] })
    const results = await Promise.allSettled(puts)
    await closing
    const stored = (await owner.mailbox.fetch(box)).length
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(stored)
    for (const result of results)
      if (result.status === 'rejected')
        expect(isHyphaeError(result.reason, 'relay-carrier/ticket-needed')).toBe(true)
    await expect(sender.mailbox.put([put(box.id, 99)])).rejects.toMatchObject({
      code: 'relay-carrier/ticket-needed',
    })
  })
})

describe('one stock', () => {
  const key = crypto.ed25519.generate()
  const upload = (items: number, sequence: number) =>
    signStockUpload(crypto, key, {
      kind: 1,
      sequence,
      items: Array.from({ length: items }, (_, n) => Uint8Array.of(sequence, n)),
      lastResort: Uint8Array.of(255),
      replace: false,
    })

  it('hostile 16: hands no item to two of many that take at once', async () => {
    fixture = await startFixture()
    const clients = await Promise.all(Array.from({ length: 10 }, () => fixture.connect()))
    await clients[0]?.directory.stock(upload(100, 1))
    const takes = clients.flatMap(({ directory }) =>
      Array.from({ length: 10 }, () => directory.take(key.publicKey, 1)),
    )
    const taken = (await Promise.all(takes)).map(
      (stock) => `${stock?.lastResort} ${[...(stock?.item ?? [])]}`,
    )
    expect(new Set(taken).size).toBe(100)
    expect(taken.every((item) => item.startsWith('false'))).toBe(true)
    expect(await clients[1]?.directory.remaining(key.publicKey, 1)).toBe(0)
  })

  it('hostile 15: emptied by a thousand takers falls back to the last resort, says so, and is filled again', async () => {
    fixture = await startFixture({ limits: { costlyBurst: 300, costlyPerSecond: 1 } })
    const [owner, greedy, honest] = await Promise.all([
      fixture.connect(),
      fixture.connect(),
      fixture.connect(),
    ])
    await owner.directory.stock(upload(5, 1))
    const takes = await Promise.allSettled(
      Array.from({ length: 1000 }, () => greedy.directory.take(key.publicKey, 1)),
    )
    const got = takes.flatMap((take) => (take.status === 'fulfilled' ? [take.value] : []))
    const refusals = takes.flatMap((take) =>
      take.status === 'rejected' ? [take.reason as { code: string; retryAfterMs: number }] : [],
    )
    expect(got.filter((stock) => stock?.lastResort === false)).toHaveLength(5)
    expect(got.every((stock) => stock !== undefined)).toBe(true)
    expect(got.length).toBeLessThan(320)
    for (const { code, retryAfterMs } of refusals) {
      expect(code).toBe('relay-carrier/rate-limited')
      expect(retryAfterMs).toBeGreaterThan(0)
    }
    expect(await honest.directory.take(key.publicKey, 1)).toMatchObject({ lastResort: true })
    await owner.directory.stock(upload(3, 2))
    expect(await honest.directory.take(key.publicKey, 1)).toMatchObject({ lastResort: false })
  })
})

const MIB = 1024 * 1024

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Without what nobody holds any more: when that goes is the collector's choice, and buffers go after their objects. */
async function heldBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collectGarbage()
    await sleep(20)
  }
  const { external, heapUsed } = process.memoryUsage()
  return external + heapUsed
}

describe('one channel', () => {
  it('hostile 41: a listener that does not read loses frames; memory stays bounded and others hear them all', async () => {
    const limits = { answerBytes: MIB, slowReaderMs: 60_000, announcesPerSecond: 10_000 }
    fixture = await startFixture({ limits })
    const channel = crypto.randomBytes(32)
    const deaf = await rawWebSocket(fixture.server.port)
    deaf.socket.write(rawFrame(BINARY, encodeRequests([{ kind: 'listen', request: 1, channel }])))
    while (rawPayloads(deaf.received()).length < 2) await sleep(5)
    deaf.socket.pause()
    const [speaker, listener] = await Promise.all([fixture.connect(), fixture.connect()])
    const heard: number[] = []
    const stop = new AbortController()
    const listening = (async () => {
      for await (const frame of listener.channels.listen(channel, { signal: stop.signal }))
        heard.push(frame[0] as number)
    })()
    await sleep(50)
    const before = await heldBytes()
    // 24 MB for one that reads nothing.
    for (let round = 0; round < 60; round++) {
      const frames = Array.from({ length: 100 }, (_, n) =>
        speaker.channels.announce(channel, new Uint8Array(4096).fill(n)),
      )
      await Promise.all(frames)
    }
    while (heard.length < 6000) await sleep(5)
    expect((await heldBytes()) - before).toBeLessThan(16 * MIB)
    expect(heard.slice(-3)).toEqual([97, 98, 99])
    stop.abort()
    await listening
    deaf.socket.destroy()
  })
})

describe('announcing', () => {
  it('hostile 38: has a rate, and says how long to wait', async () => {
    fixture = await startFixture({ limits: { announcesPerSecond: 5 } })
    const { channels } = await fixture.connect()
    const channel = crypto.randomBytes(32)
    const all = Array.from({ length: 30 }, () => channels.announce(channel, new Uint8Array(128)))
    const results = await Promise.allSettled(all)
    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(refusals.length).toBeGreaterThan(10)
    for (const error of refusals) {
      expect(error.code).toBe('relay-carrier/rate-limited')
      expect(error.retryAfterMs).toBeGreaterThan(0)
    }
  })
})

describe('a blob', () => {
  it('is had in parts, as much as there is', async () => {
    fixture = await startFixture()
    const { blobs } = await fixture.connect()
    const data = crypto.randomBytes(1000)
    const hash = crypto.sha256(data)
    await blobs.put([{ hash, data }])
    const parts = await Promise.all([0, 300, 600, 900].map((from) => blobs.range(hash, from, 300)))
    expect(Buffer.concat(parts.map((part) => part?.data ?? new Uint8Array(0)))).toEqual(Buffer.from(data))
    expect(await blobs.range(hash, 1000, 1)).toEqual({ total: 1000, data: new Uint8Array(0) })
    expect(await blobs.range(hash, 4096, 4096)).toEqual({ total: 1000, data: new Uint8Array(0) })
    expect(await blobs.range(crypto.sha256(hash), 0, 5)).toBeUndefined()
    await expect(blobs.range(hash, 0, 0)).rejects.toMatchObject({ code: 'relay-carrier/bad-input' })
  })
})

describe('raw requests of the later codes', () => {
  async function ask(bytes: Uint8Array): Promise<Reply[]> {
    const raw = await rawWebSocket(fixture.server.port)
    raw.socket.write(rawFrame(BINARY, bytes))
    raw.socket.write(rawFrame(BINARY, encodeRequests([{ kind: 'ping', request: 77 }])))
    const replies = (): Reply[] => rawPayloads(raw.received()).flatMap((payload) => decodeReplies(payload))
    const done = (): boolean =>
      replies().some(({ request, kind }) => request === 77 || (kind === 'failure' && request === 0))
    while (!done()) await sleep(5)
    await sleep(20)
    raw.socket.destroy()
    return replies().slice(1)
  }

  it('hostile 2: that ask for all there could be get what there is', async () => {
    fixture = await startFixture()
    const most = { after: Number.MAX_SAFE_INTEGER, limit: 0xffff }
    const replies = await ask(
      encodeRequests([
        { kind: 'bucket-fetch', request: 1, bits: 0, prefix: 0, ...most },
        {
          kind: 'bucket-watch',
          request: 2,
          bits: 0,
          prefix: 0,
          after: most.after,
          mode: 'push',
          window: 0xffff,
        },
        { kind: 'record-bucket', request: 6, bits: 0, prefix: 0, after: new Uint8Array(0), limit: 0xffff },
        { kind: 'record-bucket', request: 7, bits: 0, prefix: 0, after: new Uint8Array(128), limit: 0xffff },
        { kind: 'record-bucket', request: 8, bits: 24, prefix: 0xffffff, after: new Uint8Array(0), limit: 1 },
        { kind: 'listen', request: 3, channel: new Uint8Array(32) },
        { kind: 'listen', request: 3, channel: new Uint8Array(32) },
        { kind: 'unwatch', request: 4, watch: 3 },
        { kind: 'unwatch', request: 5, watch: 2 },
      ]),
    )
    const of = (id: number) => replies.filter(({ request }) => request === id)
    expect(of(1)).toMatchObject([{ kind: 'bucket', more: false, next: most.after, frames: [] }])
    expect(of(2)).toMatchObject([{ kind: 'ok' }])
    expect(of(6)).toMatchObject([{ kind: 'record-bucket-part', records: [] }])
    expect(of(7)).toMatchObject([{ kind: 'failure', code: FAILURES['bad-cursor'] }])
    expect(of(8)).toMatchObject([{ kind: 'failure', code: FAILURES['bucket-too-small'] }])
    expect(of(3)).toMatchObject([{ kind: 'ok' }, { kind: 'failure', code: FAILURES['bad-watch'] }])
    expect([...of(4), ...of(5)]).toMatchObject([{ kind: 'ok' }, { kind: 'ok' }])
  })

  it('hostile 16: that need an open box or log are refused without one', async () => {
    fixture = await startFixture()
    const log = newBox().id
    const terms = { accepts: 1, workBits: 0, quota: 0, capabilityKey: new Uint8Array(32) }
    const replies = await ask(
      encodeRequests([
        { kind: 'set-terms', request: 1, box: log, terms },
        { kind: 'log-append', request: 2, log, position: 0, ttl: 1, entry: Uint8Array.of(1) },
        { kind: 'log-read', request: 3, log, from: 0, limit: 1 },
      ]),
    )
    for (const id of [1, 2, 3])
      expect(replies.find(({ request }) => request === id)).toMatchObject({ code: FAILURES['not-open'] })
  })
})
