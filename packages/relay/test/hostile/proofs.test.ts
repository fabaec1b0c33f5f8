import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  decodeReplies,
  encodeRequests,
  FAILURES,
  openProof,
  type Reply,
  type Request,
} from '@hyphae/transport-relay/wire'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { newBox, type RelayFixture, startFixture } from '../support/relay.js'

let fixture: RelayFixture
const open: WebSocket[] = []
afterEach(async () => {
  for (const ws of open.splice(0)) ws.terminate()
  await fixture.dispose()
})

interface Dialogue {
  readonly challenge: Uint8Array
  ask(request: Request): Promise<Reply>
}

/** Speaks the protocol by hand. */
async function dial(host?: string): Promise<Dialogue> {
  const ws = new WebSocket(fixture.server.url, host === undefined ? {} : { headers: { host } })
  open.push(ws)
  const waiting: ((reply: Reply) => void)[] = []
  const next = (): Promise<Reply> => new Promise((resolve) => waiting.push(resolve))
  ws.on('message', (data) => {
    for (const reply of decodeReplies(data as Buffer)) waiting.shift()?.(reply)
  })
  const hello = await next()
  if (hello.kind !== 'hello') throw new Error('no hello')
  return {
    challenge: hello.challenge,
    ask: (request) => {
      const reply = next()
      ws.send(encodeRequests([request]))
      return reply
    },
  }
}

const ok = { kind: 'ok', request: 1 }
const failure = (name: keyof typeof FAILURES, request = 1) => ({
  kind: 'failure',
  request,
  code: FAILURES[name],
})

describe('proofs of a box', () => {
  const box = newBox()
  const openWith = (signature: Uint8Array): Request => ({ kind: 'open', request: 1, box: box.id, signature })
  const proofFor = (challenge: Uint8Array, host = '127.0.0.1', id: Uint8Array = box.id): Uint8Array =>
    box.sign(openProof(challenge, host, id))

  it('hostile 8: a replayed proof is refused on another connection', async () => {
    fixture = await startFixture()
    const first = await dial()
    const proof = proofFor(first.challenge)
    expect(await first.ask(openWith(proof))).toEqual(ok)
    expect(await first.ask(openWith(proof))).toEqual(ok)
    const second = await dial()
    expect(second.challenge).not.toEqual(first.challenge)
    expect(await second.ask(openWith(proof))).toMatchObject(failure('bad-proof'))
    expect(await second.ask({ kind: 'fetch', request: 2, box: box.id, after: 0, limit: 1 })).toMatchObject(
      failure('not-open', 2),
    )
  })

  it('another box, another host, another key, a flipped bit: refused', async () => {
    fixture = await startFixture()
    const { challenge, ask } = await dial()
    const flipped = proofFor(challenge)
    flipped[5] = (flipped[5] as number) ^ 1
    const wrong = [
      proofFor(challenge, '127.0.0.1', newBox().id),
      proofFor(challenge, 'relay.example'),
      newBox().sign(openProof(challenge, '127.0.0.1', box.id)),
      flipped,
      new Uint8Array(64),
    ]
    for (const signature of wrong) expect(await ask(openWith(signature))).toMatchObject(failure('bad-proof'))
    expect(await ask(openWith(proofFor(challenge)))).toEqual(ok)
  })

  it('a relay in the middle that passes on the challenge gains nothing: its name is not the relay’s', async () => {
    fixture = await startFixture({ names: ['relay.example'] })
    const middle = await dial('middle.example')
    expect(await middle.ask(openWith(proofFor(middle.challenge, 'middle.example')))).toMatchObject(
      failure('bad-proof'),
    )
    const named = await dial('RELAY.example:443')
    expect(await named.ask(openWith(proofFor(named.challenge, 'middle.example')))).toMatchObject(
      failure('bad-proof'),
    )
    expect(await named.ask(openWith(proofFor(named.challenge, 'relay.example')))).toEqual(ok)
  })

  it('reading, acknowledging and watching need one; watches have ids that are free', async () => {
    fixture = await startFixture()
    const { challenge, ask } = await dial()
    const watch: Request = { kind: 'watch', request: 9, box: box.id, window: 1 }
    expect(await ask({ kind: 'ack', request: 1, box: box.id, cursor: 1 })).toMatchObject(failure('not-open'))
    expect(await ask(watch)).toMatchObject(failure('not-open', 9))
    await ask(openWith(proofFor(challenge)))
    expect(await ask(watch)).toEqual({ kind: 'ok', request: 9 })
    expect(await ask(watch)).toMatchObject(failure('bad-watch', 9))
    expect(await ask({ kind: 'credit', request: 1, watch: 8, count: 1 })).toMatchObject(failure('bad-watch'))
    expect(await ask({ kind: 'unwatch', request: 1, watch: 9 })).toEqual(ok)
    expect(await ask({ kind: 'unwatch', request: 1, watch: 9 })).toMatchObject(failure('bad-watch'))
  })

  it('hostile 15: costly requests beyond a burst are refused with the time to wait', async () => {
    fixture = await startFixture({ limits: { costlyBurst: 3, costlyPerSecond: 1 } })
    const { ask } = await dial()
    const take: Request = { kind: 'take', request: 1, writer: crypto.randomBytes(32), stock: 1 }
    for (let i = 0; i < 3; i++) expect(await ask(take)).toMatchObject({ kind: 'item', found: 'none' })
    const refused = await ask(take)
    expect(refused).toMatchObject(failure('rate-limited'))
    expect(refused.kind === 'failure' && refused.retryAfterMs).toBeGreaterThan(0)
    expect(await ask({ kind: 'ping', request: 1 })).toEqual(ok)
  })

  it('boxes and watches on one connection have a limit', async () => {
    fixture = await startFixture({ limits: { openBoxes: 1, watches: 1 } })
    const { challenge, ask } = await dial()
    await ask(openWith(proofFor(challenge)))
    const other = newBox()
    const signature = other.sign(openProof(challenge, '127.0.0.1', other.id))
    expect(await ask({ kind: 'open', request: 1, box: other.id, signature })).toMatchObject(failure('limit'))
    await ask({ kind: 'watch', request: 2, box: box.id, window: 1 })
    expect(await ask({ kind: 'watch', request: 1, box: box.id, window: 1 })).toMatchObject(failure('limit'))
  })
})
