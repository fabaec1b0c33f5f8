import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { concatBytes, silentLogger, systemClock, utf8 } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { startRelay } from '@hyphae/relay'
import { openCalls, openHopAnswer, sealHopRequest, startHop } from '@hyphae/transport-relay/hops'
import {
  decodeReplies,
  encodeRequests,
  FAILURES,
  HOP_SIZES,
  openProof,
  type Request,
} from '@hyphae/transport-relay/wire'
import { describe, expect, it } from 'vitest'
import { embeddedEngine } from '../../src/engine/embedded.js'
import type { OpenEngine } from '../../src/engine/engine.js'
import { startTwoRelays, type TwoRelays } from '../support/hops.js'
import { newBox, temporaryFolder } from '../support/relay.js'

const code = (name: string) => expect.objectContaining({ code: `relay-carrier/${name}` })

function seal(key: Uint8Array, requests: readonly Request[], time = Date.now()) {
  const started = startHop(crypto, key)
  const message = encodeRequests(requests)
  const sealed = sealHopRequest(crypto, key, started, { time, answerSize: HOP_SIZES[0], message })
  return { started, sealed }
}

const PING: Request = { kind: 'ping', request: 1 }

function callsTo(url: string) {
  return openCalls(url, { clock: systemClock, logger: silentLogger, requestTimeoutMs: 3_000 })
}

function forward({ entry, second }: TwoRelays, sealed: Uint8Array, peer = new URL(second.url).host) {
  const calls = callsTo(entry.url)
  return calls
    .call({ kind: 'forward', peer: utf8(peer), sealed }, 'sealed-answer', { repeatable: false })
    .finally(() => calls.close())
}

describe('hostile 8: a sealed request', () => {
  it('that is passed on again is not executed again', async () => {
    const relays = await startTwoRelays()
    const box = newBox()
    const put: Request = {
      kind: 'put',
      request: 1,
      box: box.id,
      id: crypto.randomBytes(16),
      frame: new Uint8Array(128),
    }
    const { sealed, started } = seal(relays.key, [put])
    const first = openHopAnswer(crypto, started, (await forward(relays, sealed)).bytes)
    const again = openHopAnswer(crypto, started, (await forward(relays, sealed)).bytes)
    expect(first?.message[4]).toBe(129)
    expect(again?.message[4]).toBe(130)
    expect(Buffer.from(again?.message ?? []).readUInt16LE(12)).toBe(51)
    expect((await relays.second.stats()).frames[128]).toBe(1)
    await relays.dispose()
  })

  it('of another time is refused without being executed', async () => {
    const relays = await startTwoRelays()
    for (const time of [0, Date.now() - 3_600_000, Date.now() + 3_600_000, Number.MAX_SAFE_INTEGER]) {
      const { sealed, started } = seal(relays.key, [PING], time)
      const answer = openHopAnswer(crypto, started, (await forward(relays, sealed)).bytes)
      expect(Buffer.from(answer?.message ?? []).readUInt16LE(12)).toBe(51)
    }
    await relays.dispose()
  })

  it('with any part changed, to another key, or of random bytes is refused', async () => {
    const relays = await startTwoRelays()
    const { sealed } = seal(relays.key, [PING])
    for (const at of [0, 8, 20, 40, 100, 8000, 8191]) {
      const changed = sealed.slice()
      changed[at] = (changed[at] as number) ^ 1
      await expect(forward(relays, changed)).rejects.toThrow(code('hop-refused'))
    }
    const stranger = crypto.x25519.generate()
    await expect(forward(relays, seal(stranger.publicKey, [PING]).sealed)).rejects.toThrow(
      code('hop-refused'),
    )
    await expect(forward(relays, crypto.randomBytes(8192))).rejects.toThrow(code('hop-refused'))
    const lowOrder = sealed.slice()
    lowOrder.fill(0, 8, 40)
    await expect(forward(relays, lowOrder)).rejects.toThrow(code('hop-refused'))
    await relays.dispose()
  })

  it('cannot use a proof that was made for another request', async () => {
    const relays = await startTwoRelays()
    const box = newBox()
    const other = startHop(crypto, relays.key)
    const signature = box.sign(openProof(other.challenge, '127.0.0.1', box.id))
    const open: Request = { kind: 'open', request: 1, box: box.id, signature }
    const fetch: Request = { kind: 'fetch', request: 2, box: box.id, after: 0, limit: 1 }
    const { sealed, started } = seal(relays.key, [open, fetch])
    const answer = openHopAnswer(crypto, started, (await forward(relays, sealed)).bytes)
    const failures = Buffer.from(answer?.message ?? [])
    expect([failures.readUInt16LE(12), failures.readUInt16LE(26)]).toEqual([3, 4])
    await relays.dispose()
  })

  it('reads one page at a time, however many it asks for', async () => {
    let [reading, most] = [0, 0]
    const engine: OpenEngine = async (options) => {
      const opened = await embeddedEngine(options)
      return {
        ...opened,
        fetch: async (...args) => {
          reading += 1
          most = Math.max(most, reading)
          const page = await opened.fetch(...args)
          // Others would begin now.
          await sleep(1)
          reading -= 1
          return page
        },
      }
    }
    const relays = await startTwoRelays({ engine })
    const box = newBox()
    const calls = callsTo(relays.second.url)
    for (let n = 0; n < 4; n++) {
      const [id, frame] = [crypto.randomBytes(16), new Uint8Array(4096)]
      await calls.call({ kind: 'put', box: box.id, id, frame }, 'ok', { repeatable: true })
    }
    await calls.close()
    const started = startHop(crypto, relays.key)
    const signature = box.sign(openProof(started.challenge, '127.0.0.1', box.id))
    const message = encodeRequests([
      { kind: 'open', request: 1, box: box.id, signature },
      ...Array.from(
        { length: 60 },
        (_, n): Request => ({ kind: 'fetch', request: n + 2, box: box.id, after: 0, limit: 100 }),
      ),
      { kind: 'ping', request: 62 },
    ])
    const plain = { time: Date.now(), answerSize: HOP_SIZES[0], message }
    const sealed = sealHopRequest(crypto, relays.key, started, plain)
    const answer = openHopAnswer(crypto, started, (await forward(relays, sealed)).bytes)
    const replies = decodeReplies(answer?.message as Uint8Array)
    expect(most).toBe(1)
    expect(replies.map(({ request }) => request)).toEqual(Array.from({ length: 62 }, (_, n) => n + 1))
    expect(replies[0]?.kind).toBe('ok')
    expect(replies[1]).toMatchObject({ kind: 'deliveries', more: true })
    expect(replies[60]).toMatchObject({ kind: 'failure' })
    expect(replies[61]?.kind).toBe('ok')
    await relays.dispose()
  })

  it.each(['watch', 'sealed', 'forward', 'push-wake'])('does not %s', async (kind) => {
    const relays = await startTwoRelays()
    const inner: Record<string, Request> = {
      watch: { kind: 'watch', request: 1, box: newBox().id, window: 1 },
      sealed: { kind: 'sealed', request: 1, bytes: seal(relays.key, [PING]).sealed },
      forward: { kind: 'forward', request: 1, peer: utf8('a'), sealed: seal(relays.key, [PING]).sealed },
      'push-wake': { kind: 'push-wake', request: 1, bytes: crypto.randomBytes(1024) },
    }
    const { sealed, started } = seal(relays.key, [inner[kind] as Request])
    const answer = openHopAnswer(crypto, started, (await forward(relays, sealed)).bytes)
    expect(Buffer.from(answer?.message ?? []).readUInt16LE(12)).toBe(2)
    await relays.dispose()
  })
})

describe('hostile 39: sealed requests of one connection', () => {
  const opens = (): Request[] =>
    Array.from({ length: 30 }, (_, n) => ({
      kind: 'open',
      request: n + 1,
      box: newBox().id,
      signature: new Uint8Array(64),
    }))
  const announces = (): Request[] =>
    Array.from({ length: 15 }, (_, n) => ({
      kind: 'announce',
      request: n + 1,
      channel: crypto.randomBytes(32),
      frame: new Uint8Array(128),
    }))

  it.each([
    ['costs', opens],
    ['announces', announces],
  ])('share what it %s; another connection has its own', async (_what, requests) => {
    const limits = { costlyPerSecond: 1, costlyBurst: 4, announcesPerSecond: 1 }
    const { second, key, dispose } = await startTwoRelays({ limits })
    const limited = async (calls: ReturnType<typeof callsTo>): Promise<number> => {
      const { sealed, started } = seal(key, requests())
      const ask = { kind: 'sealed', bytes: sealed } as const
      const { bytes } = await calls.call(ask, 'sealed-answer', { repeatable: false })
      const replies = decodeReplies(openHopAnswer(crypto, started, bytes)?.message as Uint8Array)
      expect(replies).toHaveLength(requests().length)
      return replies.filter((reply) => reply.kind === 'failure' && reply.code === FAILURES['rate-limited'])
        .length
    }
    const [one, other] = [callsTo(second.url), callsTo(second.url)]
    expect(await limited(one)).toBe(0)
    for (let n = 0; n < 3; n++) await limited(one)
    expect(await limited(one)).toBeGreaterThan(0)
    expect(await limited(other)).toBe(0)
    await Promise.all([one.close(), other.close()])
    await dispose()
  })
})

describe('hostile 45: an entry', () => {
  it('connects to no relay that it does not list', async () => {
    const relays = await startTwoRelays()
    let dialled = 0
    const trap = createServer((socket) => {
      dialled += 1
      socket.destroy()
    })
    await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
    const { port } = trap.address() as { port: number }
    const { sealed } = seal(relays.key, [PING])
    for (const peer of [
      `127.0.0.1:${port}`,
      'localhost',
      '169.254.169.254',
      'x',
      `${new URL(relays.second.url).host}/`,
    ])
      await expect(forward(relays, sealed, peer)).rejects.toThrow(code('not-a-peer'))
    await expect(forward({ ...relays, entry: relays.second }, sealed)).rejects.toThrow(code('not-a-peer'))
    expect(dialled).toBe(0)
    trap.close()
    await relays.dispose()
  })

  it('that opens no sealed requests says so', async () => {
    const relays = await startTwoRelays()
    const calls = callsTo(relays.entry.url)
    const ask = { kind: 'sealed', bytes: seal(relays.key, [PING]).sealed } as const
    await expect(calls.call(ask, 'sealed-answer', { repeatable: false })).rejects.toThrow(code('hop-refused'))
    const keys = { kind: 'hop-keys', bytes: new Uint8Array(0) } as const
    await expect(calls.call(keys, 'hop-keys-list', { repeatable: false })).rejects.toThrow(
      code('unsupported'),
    )
    await calls.close()
    await relays.dispose()
  })

  it('whose second relay is gone says so and goes on when it is back', async () => {
    const relays = await startTwoRelays()
    const carrier = await relays.connect()
    await relays.second.close()
    const put = [{ box: newBox().id, id: crypto.randomBytes(16), frame: crypto.randomBytes(128) }]
    const stop = AbortSignal.timeout(500)
    await expect(carrier.mailbox.put(put, { signal: stop })).rejects.toThrow()
    await relays.dispose()
  })

  it('that swaps the answers of two requests is found out', async () => {
    const relays = await startTwoRelays()
    const [a, b] = [seal(relays.key, [PING]), seal(relays.key, [PING])]
    const [forA] = [await forward(relays, a.sealed), await forward(relays, b.sealed)]
    expect(openHopAnswer(crypto, b.started, forA.bytes)).toBeNull()
    expect(openHopAnswer(crypto, a.started, forA.bytes)).not.toBeNull()
    await relays.dispose()
  })
})

describe('hostile 2: sizes of sealed requests', () => {
  it('are two; anything else ends the connection', async () => {
    const relays = await startTwoRelays()
    for (const length of [0, 1, 8191, 8193, 131_073]) {
      const calls = callsTo(relays.entry.url)
      const ask = { kind: 'forward', peer: utf8('x'), sealed: new Uint8Array(length) } as const
      await expect(calls.call(ask, 'sealed-answer', { repeatable: false })).rejects.toThrow(
        code('interrupted'),
      )
      await calls.close()
    }
    await relays.dispose()
  })

  it('a message inside that claims more than there is, is refused', async () => {
    const relays = await startTwoRelays()
    const started = startHop(crypto, relays.key)
    const message = concatBytes(Uint8Array.of(1, 255, 255, 0), new Uint8Array(100))
    const sealed = sealHopRequest(crypto, relays.key, started, {
      time: Date.now(),
      answerSize: HOP_SIZES[0],
      message,
    })
    const answer = openHopAnswer(crypto, started, (await forward(relays, sealed)).bytes)
    expect(Buffer.from(answer?.message ?? []).readUInt16LE(12)).toBe(1)
    await relays.dispose()
  })
})

describe('hostile 39: a second relay that does not answer', () => {
  it('holds nobody else up', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    const relays = await startTwoRelays()
    const folder = await temporaryFolder()
    const entry = await startRelay({
      data: folder.path,
      hops: { peers: [`ws://127.0.0.1:${port}`, relays.second.url], second: false },
    })
    const stuck = forward({ ...relays, entry }, seal(relays.key, [PING]).sealed, `127.0.0.1:${port}`)
    const { sealed } = seal(relays.key, [PING])
    expect((await forward({ ...relays, entry }, sealed)).bytes).toHaveLength(HOP_SIZES[0])
    const ended = expect(stuck).rejects.toMatchObject({ code: expect.stringMatching(/^relay-carrier\//) })
    await entry.close()
    await ended
    for (const socket of sockets) socket.destroy()
    silent.close()
    await folder.remove()
    await relays.dispose()
  })
})
