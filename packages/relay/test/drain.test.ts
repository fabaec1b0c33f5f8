// Closing in order: what was begun is answered, by what the peer reads last, and what is not over in time is cut.
import { once } from 'node:events'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import type { OpenEngine } from '@hyphae/relay'
import { decodeReplies, encodeRequests, type Reply } from '@hyphae/transport-relay/wire'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { embeddedEngine } from '../src/engine/embedded.js'
import type { Verdict } from '../src/engine/engine.js'
import { newBox, type RelayFixture, startFixture } from './support/relay.js'
import { b64 } from './support/rest.js'

/** An engine whose disk takes as long as it is told; `begun` counts the puts that wait for it. */
function slowEngine() {
  const disk = { begun: 0, waiting: [] as (() => void)[] }
  const open: OpenEngine = async (options) => {
    const engine = await embeddedEngine(options)
    return {
      ...engine,
      put: async (...put): Promise<Verdict> => {
        const verdict = await engine.put(...put)
        disk.begun += 1
        await new Promise<void>((resolve) => disk.waiting.push(resolve))
        return verdict
      },
    }
  }
  return { disk, open }
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

async function dial(url: string) {
  const ws = new WebSocket(url)
  const heard: Reply[] = []
  ws.on('message', (data) => heard.push(...decodeReplies(data as Buffer)))
  const closed = once(ws, 'close').then(([code]) => code as number)
  await once(ws, 'open')
  const put = (request: number): void => {
    const [box, id, frame] = [newBox().id, crypto.randomBytes(16), crypto.randomBytes(512)]
    ws.send(encodeRequests([{ kind: 'put', request, box, id, frame }]))
  }
  return { ws, heard, closed, put }
}

const answers = (heard: readonly Reply[]): unknown[] =>
  heard.flatMap(({ kind, request }) => (kind === 'hello' ? [] : [[kind, request]]))

describe('a relay that closes', () => {
  let fixture: RelayFixture
  afterEach(() => fixture.dispose())

  it('answers what was begun on every connection before it says goodbye, and nothing that comes later', async () => {
    const { disk, open } = slowEngine()
    fixture = await startFixture({ engine: open })
    const peers = await Promise.all([1, 2, 3].map(() => dial(fixture.server.url)))
    for (const { put } of peers) put(1)
    await until(() => disk.waiting.length === 3)
    const { box, id, frame } = {
      box: newBox().id,
      id: crypto.randomBytes(16),
      frame: crypto.randomBytes(512),
    }
    const sent = fetch(`${fixture.server.url.replace('ws', 'http')}/api/v1/messages/send`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ box: b64(box), id: b64(id), frame: b64(frame) }),
    })
    await until(() => disk.waiting.length === 4)
    const closing = fixture.server.close()
    for (const { put } of peers) put(2)
    await new Promise((resolve) => setTimeout(resolve, 100))
    // Nobody is told before it is done, and nobody is cut meanwhile.
    for (const { ws, heard } of peers) expect([answers(heard), ws.readyState]).toEqual([[], WebSocket.OPEN])
    for (const done of disk.waiting.splice(0, 3)) done()
    await new Promise((resolve) => setTimeout(resolve, 100))
    // REST is waited for as long as the others.
    for (const done of disk.waiting) done()
    await closing
    for (const { heard, closed } of peers) {
      expect(await closed).toBe(1001)
      expect(answers(heard)).toEqual([['ok', 1]])
    }
    expect((await sent).status).toBe(204)
    expect(disk.begun).toBe(4)
  })

  it('does not wait for a disk that never answers, nor for peers that do not say goodbye', async () => {
    const { disk, open } = slowEngine()
    fixture = await startFixture({ engine: open, limits: { drainMs: 150 } })
    const peer = await dial(fixture.server.url)
    const silent = await dial(fixture.server.url)
    // Its close frame is not read, so it is not answered.
    silent.ws.pause()
    peer.put(1)
    await until(() => disk.begun === 1)
    await fixture.server.close()
    silent.ws.resume()
    expect(await peer.closed).toBe(1001)
    await silent.closed
    expect(answers(peer.heard)).toEqual([])
  })
})
