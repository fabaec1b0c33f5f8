import type { Reply, Request } from '@hyphae/transport-relay/wire'
import { afterEach, describe, expect, it } from 'vitest'
import { carrierTo, newBox } from '../support/carrier.js'
import {
  agreeable,
  CHALLENGE,
  hello,
  type Peer,
  type Script,
  startScripted,
} from '../support/scripted-relay.js'

const toClose: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((one) => one.close()))
})

const frame = new Uint8Array(128)

/** Lies on the first connection, behaves on the second. */
async function survives(lie: (request: Request, peer: Peer) => Reply | undefined, script: Script = {}) {
  const server = await startScripted({
    connected: (peer) =>
      server.peers.length === 0 && script.connected ? script.connected(peer) : hello(peer),
    answer: (request, peer) => (peer === server.peers[0] ? lie(request, peer) : agreeable(request)),
  })
  const client = await carrierTo(server.url)
  toClose.push(client, server)
  expect(await client.blobs.has([new Uint8Array(32)])).toEqual([false])
  expect(server.peers).toHaveLength(2)
}

describe('hostile 1: a relay that breaks the protocol loses the connection, and nothing else happens', () => {
  it('an answer of the wrong kind', () => survives(({ request }) => ({ kind: 'count', request, value: 1 })))

  it('an answer to a request that was never made', () => survives(() => ({ kind: 'ok', request: 999 })))

  it('a push on a watch that does not exist', () =>
    survives(() => ({ kind: 'pushed', request: 77, cursor: 1, frame })))

  it('a second hello', () => survives(() => ({ kind: 'hello', request: 0, challenge: CHALLENGE })))

  it('bytes that are no message', () =>
    survives((_request, { ws }) => {
      ws.send(Uint8Array.of(1, 2, 3))
      return undefined
    }))

  it('text', () =>
    survives((_request, { ws }) => {
      ws.send('hello')
      return undefined
    }))

  it('a message above the limit', () =>
    survives((_request, { ws }) => {
      ws.send(new Uint8Array(4 * 1024 * 1024))
      return undefined
    }))

  it('an answer before hello', () =>
    survives(agreeable, { connected: (peer) => peer.reply({ kind: 'ok', request: 1 }) }))
})

describe('hostile 37: a relay that repeats or turns back', () => {
  it('pages that do not move forward are refused instead of fetched for ever', async () => {
    const server = await startScripted({
      answer: (request) =>
        request.kind === 'fetch'
          ? { kind: 'deliveries', request: request.request, more: true, deliveries: [{ cursor: 1, frame }] }
          : agreeable(request),
    })
    const client = await carrierTo(server.url)
    toClose.push(client, server)
    await expect(client.mailbox.fetch(newBox())).rejects.toMatchObject({ code: 'relay-carrier/malformed' })
  })

  it('a cursor that starts again from the beginning is delivered, not taken for old', async () => {
    const server = await startScripted({
      answer: (request, peer) => {
        const cursor = peer === server.peers[0] ? 500 : 2
        if (request.kind === 'watch')
          setImmediate(() => peer.reply({ kind: 'pushed', request: request.request, cursor, frame }))
        return agreeable(request)
      },
    })
    const client = await carrierTo(server.url)
    toClose.push(client, server)
    const seen: number[] = []
    for await (const delivery of client.mailbox.watch(newBox())) {
      seen.push(delivery.cursor)
      await delivery.ack()
      if (seen.length === 2) break
      server.peers[0]?.ws.terminate()
    }
    expect(seen).toEqual([500, 2])
  })
})
