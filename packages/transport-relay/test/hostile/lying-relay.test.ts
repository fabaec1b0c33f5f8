import { relaySequencer } from '@hyphae/transport-relay'
import { FAILURES, type Reply, type Request } from '@hyphae/transport-relay/wire'
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

describe('hostile 1: a push of another kind than was watched for', () => {
  it.each(['pushed', 'bucket-pushed', 'heard', 'wake'] as const)('%s, where another was', async (kind) => {
    const stop = new AbortController()
    const push = { kind, request: 0, cursor: 1, hint: new Uint8Array(8), frame }
    const server = await startScripted({
      answer: (request, peer) => {
        const watched = ['watch', 'listen', 'bucket-watch'].includes(request.kind)
        if (watched && peer === server.peers[0])
          setImmediate(() => peer.reply({ ...push, request: request.request } as Reply))
        return agreeable(request)
      },
    })
    const client = await carrierTo(server.url)
    toClose.push(client, server)
    const { signal } = stop
    const feed =
      kind === 'heard'
        ? client.mailbox.watch(newBox(), { signal })
        : client.channels.listen(new Uint8Array(32), { signal })
    const next = feed[Symbol.asyncIterator]().next()
    while (server.peers.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    stop.abort()
    expect(await next).toMatchObject({ done: true })
  })
})

describe('hostile 23: a relay that sequences falsely', () => {
  const log = { id: new Uint8Array(32), sign: () => new Uint8Array(64) }
  const sequencer = async (answer: (request: Request) => Reply | undefined) => {
    const server = await startScripted({ answer })
    const client = await carrierTo(server.url)
    toClose.push(client, server)
    return relaySequencer({ logs: client.logs, keyOf: () => log, sha256: (data) => data.slice(0, 32) })
  }

  it('claims a rival that nobody made: the commit is taken, and nothing of the claim is believed', async () => {
    const entry = new Uint8Array(100).fill(9)
    const { submit } = await sequencer((request) =>
      request.kind === 'log-append'
        ? { kind: 'log-conflict', request: request.request, next: 1, entry }
        : agreeable(request),
    )
    expect(await submit('00', 'aa', Uint8Array.of(1))).toBe('taken')
  })

  it('refuses, or answers with something else: the caller hears of it and goes on without', async () => {
    const { submit } = await sequencer((request) =>
      request.kind === 'log-append'
        ? { kind: 'failure', request: request.request, code: FAILURES['storage-failed'], retryAfterMs: 9 }
        : agreeable(request),
    )
    await expect(submit('00', 'aa', Uint8Array.of(1))).rejects.toMatchObject({
      retryAfterMs: 9,
      retryable: true,
    })
  })

  it('hands out more of a log than there can be', async () => {
    const server = await startScripted({
      answer: (request) =>
        request.kind === 'log-read'
          ? {
              kind: 'log-entries',
              request: request.request,
              from: 0,
              next: 1,
              entries: [Uint8Array.of(1), Uint8Array.of(2)],
            }
          : agreeable(request),
    })
    const client = await carrierTo(server.url)
    toClose.push(client, server)
    await expect(client.logs.read(log)).rejects.toMatchObject({ code: 'relay-carrier/malformed' })
    await expect(client.logs.read(log, { limit: 1 })).rejects.toMatchObject({
      code: 'relay-carrier/malformed',
    })
  })
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

  it('a bucket that does not move forward, or goes back, is refused', async () => {
    let next = 5
    const server = await startScripted({
      answer: (request) =>
        request.kind === 'bucket-fetch'
          ? { kind: 'bucket', request: request.request, more: true, next, frames: [] }
          : agreeable(request),
    })
    const client = await carrierTo(server.url)
    toClose.push(client, server)
    const bucket = { bits: 0, prefix: 0 }
    expect((await client.buckets.fetch(bucket)).next).toBe(5)
    await expect(client.buckets.fetch(bucket, { after: 5 })).rejects.toMatchObject({
      code: 'relay-carrier/malformed',
    })
    next = 4
    await expect(client.buckets.fetch(bucket, { after: 5 })).rejects.toMatchObject({
      code: 'relay-carrier/malformed',
    })
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
