import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { silentLogger, systemClock, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { startRelay } from '@hyphae/relay'
import { relay } from '@hyphae/transport-relay'
import {
  decodeReplies,
  decodeRequests,
  encodeReplies,
  encodeRequests,
  type Reply,
  type Request,
} from '@hyphae/transport-relay/wire'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { speakLater } from './captures/later-session.js'
import { temporaryFolder } from './support/relay.js'

interface Capture {
  readonly said: unknown[]
  readonly sent: string[]
  readonly received: string[]
}

function capture(name: string): Capture {
  return JSON.parse(readFileSync(new URL(`captures/${name}.json`, import.meta.url), 'utf8')) as Capture
}

const repliesOf = ({ received }: Capture): Reply[] =>
  received.flatMap((message) => decodeReplies(Buffer.from(message, 'hex')))
const requestsOf = ({ sent }: Capture): Request[] =>
  sent.flatMap((message) => decodeRequests(Buffer.from(message, 'hex')) as Request[])

/** Answers and pushes by the request they carry, each as its bytes. */
function byRequest(replies: readonly Reply[]): Map<number, string[]> {
  const all = new Map<number, string[]>()
  for (const reply of replies) {
    const list = all.get(reply.request) ?? []
    all.set(reply.request, [...list, toHex(encodeReplies([reply]))])
  }
  return all
}

function count(replies: readonly Reply[], request: number): number {
  return replies.filter((reply) => reply.request === request).length
}

describe('frozen captures', () => {
  it('an old client hears from this relay, byte for byte, what the old one said', async () => {
    const old = capture('old-client')
    const wanted = repliesOf(old)
    const [hello] = wanted
    if (hello?.kind !== 'hello') throw new Error('the capture does not begin with hello')
    const { challenge } = hello
    const randomBytes = (length: number): Uint8Array =>
      length === challenge.length ? challenge : crypto.randomBytes(length)
    const folder = await temporaryFolder()
    const server = await startRelay({ data: folder.path, crypto: { ...crypto, randomBytes } })
    const ws = new WebSocket(server.url)
    const heard: Reply[] = []
    let wake = (): void => {}
    ws.on('message', (data: Buffer) => {
      heard.push(...decodeReplies(data))
      wake()
    })
    const until = async (done: () => boolean): Promise<void> => {
      while (!done())
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    await once(ws, 'open')
    await until(() => heard.length > 0)
    for (const message of old.sent) {
      const bytes = Buffer.from(message, 'hex')
      ws.send(bytes)
      // The client had every push of its watch before it went on.
      await until(() =>
        decodeRequests(bytes).every(({ request }) => count(heard, request) >= count(wanted, request)),
      )
    }
    expect(byRequest(heard)).toEqual(byRequest(wanted))
    ws.terminate()
    await server.close()
    await folder.remove()
  })

  it('this client asks an old relay nothing it ends the connection for, and falls back where it may', async () => {
    const old = capture('old-relay')
    const answers = new Map<number, Reply[]>()
    for (const reply of repliesOf(old))
      answers.set(reply.request, [...(answers.get(reply.request) ?? []), reply])
    const asked = new Map(
      requestsOf(old).map((request) => [request.request, toHex(encodeRequests([request]))]),
    )
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    const unlike: number[] = []
    server.on('connection', (ws) => {
      ws.send(encodeReplies(answers.get(0) ?? []))
      ws.on('message', (data: Buffer) => {
        for (const request of decodeRequests(data) as Request[]) {
          const { request: id } = request
          if (toHex(encodeRequests([request])) !== asked.get(id)) unlike.push(id)
          for (const reply of answers.get(id) ?? []) ws.send(encodeReplies([reply]))
        }
      })
    })
    const { port } = server.address() as AddressInfo
    const carrier = await relay(`ws://127.0.0.1:${port}`)({ clock: systemClock, logger: silentLogger })
    const said = await speakLater(carrier)
    expect(JSON.parse(JSON.stringify(said))).toEqual(old.said)
    expect(unlike).toEqual([])
    await carrier.close()
    for (const client of server.clients) client.terminate()
    await new Promise((resolve) => server.close(resolve))
  })
})
