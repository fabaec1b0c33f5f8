import { setTimeout as sleep } from 'node:timers/promises'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { decodeReplies, encodeRequests, FAILURES, type Reply } from '@hyphae/transport-relay/wire'
import { afterEach, describe, expect, it } from 'vitest'
import {
  BINARY,
  CONTINUATION,
  closedOf,
  PING,
  type RawSocket,
  rawConnect,
  rawFrame,
  rawPayloads,
  rawWebSocket,
  UPGRADE,
} from '../support/raw-socket.js'
import { newBox, type RelayFixture, startFixture } from '../support/relay.js'

let fixture: RelayFixture
afterEach(() => fixture.dispose())

const MIB = 1024 * 1024
const SHORT = { handshakeMs: 200, messageMs: 200, silentMs: 60_000 }

function repliesOf(raw: RawSocket): Reply[] {
  return rawPayloads(raw.received())
    .filter((payload) => payload[0] === 1)
    .flatMap((payload) => decodeReplies(payload))
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5)
}

/** An honest node that stores and reads back a frame while something else goes on. */
async function honestWorks(): Promise<void> {
  const { mailbox, close } = await fixture.connect()
  const box = newBox()
  const frame = crypto.randomBytes(512)
  await mailbox.put([{ box: box.id, id: crypto.randomBytes(16), frame }])
  expect((await mailbox.fetch(box)).map((delivery) => delivery.frame)).toEqual([frame])
  await close()
}

describe('hostile 39: connections that hold resources without using them', () => {
  it('a handshake that never ends, and none at all, meet a deadline; others are not affected', async () => {
    fixture = await startFixture({ limits: SHORT })
    const silent = await rawConnect(fixture.server.port)
    const slow = await rawConnect(fixture.server.port)
    const both = Promise.all([closedOf(silent), closedOf(slow)])
    const dribble = setInterval(() => slow.write('X'), 20)
    slow.write(`${UPGRADE[0]}\r\n`)
    await honestWorks()
    await both
    clearInterval(dribble)
    await honestWorks()
  })

  it('a message that never ends meets a deadline, whole or in fragments, while pings keep coming', async () => {
    fixture = await startFixture({ limits: { ...SHORT, controlPerSecond: 1000 } })
    const half = await rawWebSocket(fixture.server.port)
    half.socket.write(rawFrame(BINARY, new Uint8Array(1000)).subarray(0, 500))
    const fragments = await rawWebSocket(fixture.server.port)
    fragments.socket.write(rawFrame(BINARY, Uint8Array.of(1), false))
    const timer = setInterval(() => {
      fragments.socket.write(rawFrame(CONTINUATION, Uint8Array.of(1), false))
      fragments.socket.write(rawFrame(PING, new Uint8Array(0)))
    }, 20)
    await honestWorks()
    await Promise.all([half.closed, fragments.closed])
    clearInterval(timer)
  })

  it('an idle connection is not mistaken for an unfinished one', async () => {
    fixture = await startFixture({ limits: { messageMs: 80 } })
    const idle = await rawWebSocket(fixture.server.port)
    idle.socket.write(rawFrame(PING, new Uint8Array(3)))
    await sleep(400)
    expect(idle.socket.closed).toBe(false)
    expect((await fixture.server.stats()).connections).toBe(1)
    idle.socket.destroy()
  })

  it('tiny fragments are cut off by their number, with a bounded heap', async () => {
    fixture = await startFixture()
    const raws = await Promise.all(Array.from({ length: 20 }, () => rawWebSocket(fixture.server.port)))
    const flood = Buffer.concat([
      rawFrame(BINARY, Uint8Array.of(1), false),
      ...Array.from({ length: 16_000 }, () => rawFrame(CONTINUATION, Uint8Array.of(1), false)),
    ])
    const before = process.memoryUsage()
    for (const { socket } of raws) socket.write(flood)
    await honestWorks()
    await Promise.all(raws.map((raw) => raw.closed))
    const after = process.memoryUsage()
    // 20 times 16,000 fragments held would be 40 MB.
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(20 * MIB)
  })

  it('a flood of pings ends the connection; a few are answered', async () => {
    fixture = await startFixture()
    const polite = await rawWebSocket(fixture.server.port)
    polite.socket.write(rawFrame(PING, Uint8Array.of(42)))
    await until(() =>
      rawPayloads(polite.received()).some((payload) => payload.length === 1 && payload[0] === 42),
    )
    const flood = await rawWebSocket(fixture.server.port)
    flood.socket.write(
      Buffer.concat(Array.from({ length: 10_000 }, () => rawFrame(PING, new Uint8Array(100)))),
    )
    await honestWorks()
    await flood.closed
    expect(polite.socket.closed).toBe(false)
    polite.socket.destroy()
  })

  it('unfinished messages over all connections have a budget: the largest are cut', async () => {
    fixture = await startFixture({ limits: { unfinishedBytes: MIB, messageMs: 400 } })
    const small = await rawWebSocket(fixture.server.port)
    const raws = await Promise.all(Array.from({ length: 10 }, () => rawWebSocket(fixture.server.port)))
    const begun = rawFrame(BINARY, new Uint8Array(60_000), false)
    for (const { socket } of raws)
      for (let i = 0; i < 5; i++)
        socket.write(i === 0 ? begun : rawFrame(CONTINUATION, new Uint8Array(60_000), false))
    await Promise.race(raws.map((raw) => raw.closed))
    expect(small.socket.closed).toBe(false)
    await honestWorks()
    for (const { socket } of [...raws, small]) socket.destroy()
  })

  it('more connections than the limit are refused, and room is made when some leave', async () => {
    fixture = await startFixture({ limits: { connections: 3 } })
    const raws = await Promise.all(Array.from({ length: 3 }, () => rawWebSocket(fixture.server.port)))
    const fourth = await rawWebSocket(fixture.server.port)
    await fourth.closed
    for (const { socket } of raws) socket.destroy()
    await Promise.all(raws.map((raw) => raw.closed))
    await honestWorks()
  })

  it('a peer that died without a word is found by a ping', async () => {
    fixture = await startFixture({ limits: { silentMs: 60 } })
    const dead = await rawWebSocket(fixture.server.port)
    await dead.closed
    expect(rawPayloads(dead.received()).at(-1)).toHaveLength(0)
  })
})

describe('hostile 40: compression', () => {
  it('is never agreed to, and a compressed frame ends the connection', async () => {
    fixture = await startFixture()
    const raw = await rawWebSocket(fixture.server.port, ['Sec-WebSocket-Extensions: permessage-deflate'])
    expect(raw.response).toMatch(/^HTTP\/1.1 101/)
    expect(raw.response.toLowerCase()).not.toContain('sec-websocket-extensions')
    const compressed = rawFrame(BINARY, new Uint8Array(100))
    compressed[0] = (compressed[0] as number) | 0x40
    raw.socket.write(compressed)
    await raw.closed
  })
})

describe('hostile 7: bytes in any portions', () => {
  const request = encodeRequests([{ kind: 'blob-has', request: 5, hash: new Uint8Array(32) }])

  it('a message byte by byte, and many messages at once, mean the same', async () => {
    fixture = await startFixture()
    const slow = await rawWebSocket(fixture.server.port)
    for (const byte of rawFrame(BINARY, request)) {
      slow.socket.write(Uint8Array.of(byte))
      await sleep(0)
    }
    const fast = await rawWebSocket(fixture.server.port)
    fast.socket.write(Buffer.concat(Array.from({ length: 100 }, () => rawFrame(BINARY, request))))
    await until(() => repliesOf(slow).length === 2 && repliesOf(fast).length === 101)
    const flag = { kind: 'flag', request: 5, value: false }
    expect(repliesOf(slow)[1]).toEqual(flag)
    expect(repliesOf(fast).slice(1)).toEqual(new Array(100).fill(flag))
    slow.socket.destroy()
    fast.socket.destroy()
  })
})

describe('hostile 1: malformed messages', () => {
  it('are answered with a failure, then the connection ends', async () => {
    fixture = await startFixture()
    const ping = encodeRequests([{ kind: 'ping', request: 1 }])
    const empty = new Uint8Array(0)
    const otherVersion = Uint8Array.of(9, 1, 0, 0)
    const falseCount = Uint8Array.of(1, 0xff, 0xff, 0)
    const messages = [empty, otherVersion, falseCount, ping.subarray(0, 8), Uint8Array.of(...ping, 0)]
    await Promise.all(
      messages.map(async (message) => {
        const raw = await rawWebSocket(fixture.server.port)
        raw.socket.write(rawFrame(BINARY, message))
        await raw.closed
        const failure = { kind: 'failure', request: 0, code: FAILURES.malformed, retryAfterMs: 0 }
        expect(repliesOf(raw).at(-1)).toEqual(failure)
      }),
    )
    await honestWorks()
  })

  it('a request of a later version is answered, and the connection goes on', async () => {
    fixture = await startFixture()
    const raw = await rawWebSocket(fixture.server.port)
    const later = Uint8Array.of(1, 1, 0, 0, 99, 2, 0, 0, 7, 0, 0, 0, 1, 2)
    raw.socket.write(rawFrame(BINARY, later))
    raw.socket.write(rawFrame(BINARY, encodeRequests([{ kind: 'ping', request: 8 }])))
    await until(() => repliesOf(raw).length === 3)
    expect(repliesOf(raw).slice(1)).toEqual([
      { kind: 'failure', request: 7, code: FAILURES.unsupported, retryAfterMs: 0 },
      { kind: 'ok', request: 8 },
    ])
    raw.socket.destroy()
  })
})

describe('hostile 41: a peer that does not read', () => {
  it('is answered up to a budget and then disconnected; memory stays bounded', async () => {
    fixture = await startFixture({ limits: { slowReaderMs: 300, answerBytes: MIB } })
    const box = newBox()
    const { mailbox } = await fixture.connect()
    const frame = crypto.randomBytes(4096)
    await mailbox.put(Array.from({ length: 500 }, () => ({ box: box.id, id: crypto.randomBytes(16), frame })))
    const raw = await rawWebSocket(fixture.server.port)
    const lookups = Array.from({ length: 1000 }, (_, i) => ({
      kind: 'blob-get' as const,
      request: i + 1,
      hash: crypto.sha256(frame),
    }))
    await (await fixture.connect()).blobs.put([{ hash: crypto.sha256(frame), data: frame }])
    raw.socket.pause()
    const message = encodeRequests(lookups)
    const before = process.memoryUsage()
    // 40,000 blobs of 4 KiB are asked for: 160 MB, of which nothing is read.
    for (let i = 0; i < 40; i++) raw.socket.write(largeFrame(message))
    await honestWorks()
    await until(async () => (await fixture.server.stats()).connections <= 2)
    const after = process.memoryUsage()
    expect(after.external + after.heapUsed - before.external - before.heapUsed).toBeLessThan(40 * MIB)
    raw.socket.destroy()
    await honestWorks()
  })

  it('a watch sends no more than its window until credit comes', async () => {
    fixture = await startFixture()
    const box = newBox()
    const { mailbox } = await fixture.connect()
    const items = Array.from({ length: 300 }, () => ({
      box: box.id,
      id: crypto.randomBytes(16),
      frame: crypto.randomBytes(128),
    }))
    await mailbox.put(items)
    const watch = mailbox.watch(box)[Symbol.asyncIterator]()
    const first = await watch.next()
    await sleep(100)
    expect(first.done).toBe(false)
    const rest: unknown[] = []
    for (let i = 1; i < 300; i++) rest.push((await watch.next()).value)
    expect(rest).toHaveLength(299)
    await watch.return?.()
  })
})

/** A masked frame with a 64-bit length. */
function largeFrame(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(14)
  head[0] = 0x80 | BINARY
  head[1] = 0x80 | 127
  head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}
