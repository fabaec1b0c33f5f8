import { isHyphaeError } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type RelayCarrier, relay } from '@hyphae/transport-relay'
import { openProof, type Request } from '@hyphae/transport-relay/wire'
import { afterEach, describe, expect, it } from 'vitest'
import { carrierTo, newBox, newPut } from './support/carrier.js'
import {
  agreeable,
  CHALLENGE,
  closedPort,
  type Script,
  type ScriptedRelay,
  startScripted,
} from './support/scripted-relay.js'

const toClose: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((one) => one.close()))
})

async function scripted(script?: Script, port?: number): Promise<ScriptedRelay> {
  const server = await startScripted(script, port)
  toClose.push(server)
  return server
}

async function carrier(...args: Parameters<typeof carrierTo>): Promise<RelayCarrier> {
  const made = await carrierTo(...args)
  toClose.push(made)
  return made
}

const kinds = (requests: readonly Request[] | undefined): string[] => (requests ?? []).map(({ kind }) => kind)

describe('a relay carrier', () => {
  it('is refused for a URL that is not a relay', () => {
    for (const url of ['', 'relay', 'http://a', 'ws://', 'ws://a#b', 'ws://user:pass@a'])
      expect(() => relay(url)).toThrow(expect.objectContaining({ code: 'relay-carrier/bad-url' }))
  })

  it('has a public name without path or query, and connects only when it is used', async () => {
    const server = await scripted()
    const client = await carrier(`${server.url}/secret?token=1`)
    expect(client.name).toBe(`relay ${server.url}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(server.peers).toHaveLength(0)
    await client.mailbox.put([])
    expect(server.peers).toHaveLength(0)
  })

  it('puts what was asked in one turn into one message', async () => {
    const server = await scripted()
    const client = await carrier(server.url)
    const box = newBox()
    await Promise.all([
      client.mailbox.put(Array.from({ length: 50 }, () => newPut(box))),
      client.mailbox.put([newPut(box)]),
      client.blobs.has([new Uint8Array(32)]),
    ])
    expect(server.peers[0]?.batches).toEqual([52])
  })

  it('proves a box once on a connection, over challenge, host and box', async () => {
    const server = await scripted()
    const client = await carrier(server.url)
    const box = newBox()
    await client.mailbox.fetch(box)
    await client.mailbox.fetch(box)
    const [peer] = server.peers
    expect(kinds(peer?.requests)).toEqual(['open', 'fetch', 'fetch'])
    const open = peer?.requests[0] as Extract<Request, { kind: 'open' }>
    const proof = openProof(CHALLENGE, '127.0.0.1', box.id)
    expect(crypto.ed25519.verify(box.id, proof, open.signature)).toBe(true)
  })

  it('sends acknowledgements that come while one is on its way as one', async () => {
    const server = await scripted({
      answer: (request) =>
        request.kind === 'fetch'
          ? {
              kind: 'deliveries',
              request: request.request,
              more: false,
              deliveries: Array.from({ length: 9 }, (_, i) => ({
                cursor: i + 1,
                frame: new Uint8Array(128),
              })),
            }
          : agreeable(request),
    })
    const client = await carrier(server.url)
    const deliveries = await client.mailbox.fetch(newBox())
    await Promise.all(deliveries.map((delivery) => delivery.ack()))
    const acks = server.peers[0]?.requests.filter(({ kind }) => kind === 'ack') ?? []
    expect(acks.map((ack) => 'cursor' in ack && ack.cursor)).toEqual([9])
  })

  it('maps what the relay refuses to typed errors with the time to wait', async () => {
    const server = await scripted({
      answer: ({ request, kind }) =>
        kind === 'put'
          ? { kind: 'failure', request, code: 5, retryAfterMs: 1234 }
          : { kind: 'failure', request, code: 4711, retryAfterMs: 0 },
    })
    const client = await carrier(server.url)
    await expect(client.mailbox.put([newPut(newBox())])).rejects.toMatchObject({
      code: 'relay-carrier/box-full',
      retryable: true,
      retryAfterMs: 1234,
    })
    await expect(client.blobs.has([new Uint8Array(32)])).rejects.toMatchObject({
      code: 'relay-carrier/internal',
    })
  })

  it('refuses wrong sizes before anything is sent', async () => {
    const server = await scripted()
    const client = await carrier(server.url)
    const bad = { code: 'relay-carrier/bad-input' }
    const blob = { hash: new Uint8Array(32), data: new Uint8Array(4097) }
    await expect(client.blobs.put([blob])).rejects.toMatchObject(bad)
    await expect(client.blobs.get([new Uint8Array(31)])).rejects.toMatchObject(bad)
    await expect(client.directory.lookup(new Uint8Array(0))).rejects.toMatchObject(bad)
    await expect(client.directory.take(new Uint8Array(32), 256)).rejects.toMatchObject(bad)
    await expect(
      client.directory.publish({
        address: new Uint8Array(32),
        writer: new Uint8Array(32),
        sequence: 1,
        body: new Uint8Array(9000),
        signature: new Uint8Array(64),
      }),
    ).rejects.toMatchObject(bad)
    expect(server.peers).toHaveLength(0)
  })
})

describe('without a relay', () => {
  it('a request is rejected as unreachable, with what to do', async () => {
    const client = await carrier(`ws://127.0.0.1:${await closedPort()}`, { unreachableAfterMs: 60 })
    const error = await client.mailbox.put([newPut(newBox())]).catch((reason: unknown) => reason)
    if (!isHyphaeError(error, 'relay-carrier/unreachable')) throw error
    expect(error.retryable).toBe(true)
    expect(error.hint).toContain('Check the network')
  })

  it('an aborted request is rejected at once, and close() rejects the rest', async () => {
    const client = await carrier(`ws://127.0.0.1:${await closedPort()}`)
    const stop = new AbortController()
    const aborted = client.mailbox.put([newPut(newBox())], { signal: stop.signal })
    const waiting = client.blobs.has([new Uint8Array(32)])
    stop.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'core/aborted' })
    const rejected = expect(waiting).rejects.toMatchObject({ code: 'relay-carrier/closed' })
    await client.close()
    await rejected
    await expect(client.mailbox.put([newPut(newBox())])).rejects.toMatchObject({
      code: 'relay-carrier/closed',
    })
  })

  it('a thousand requests and watches may share one signal', async () => {
    const warnings: Error[] = []
    const warn = (warning: Error): void => {
      warnings.push(warning)
    }
    process.on('warning', warn)
    const server = await scripted()
    const client = await carrier(server.url)
    const stop = new AbortController()
    const { signal } = stop
    const watches = Array.from({ length: 30 }, async () => {
      for await (const _ of client.mailbox.watch(newBox(), { signal })) return 1
      return 0
    })
    await client.blobs.has(
      Array.from({ length: 100 }, () => new Uint8Array(32)),
      { signal },
    )
    stop.abort()
    expect(await Promise.all(watches)).toEqual(new Array(30).fill(0))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', warn)
    expect(warnings).toEqual([])
  })

  it('a watch waits for ever and works once the relay is there', async () => {
    const port = await closedPort()
    const client = await carrier(`ws://127.0.0.1:${port}`, { unreachableAfterMs: 40 })
    const watch = client.mailbox.watch(newBox())[Symbol.asyncIterator]()
    const first = watch.next()
    await expect(client.blobs.has([new Uint8Array(32)])).rejects.toMatchObject({
      code: 'relay-carrier/unreachable',
    })
    await scripted(
      {
        answer: (request, peer) => {
          if (request.kind === 'watch')
            setImmediate(() =>
              peer.reply({ kind: 'pushed', request: request.request, cursor: 4, frame: new Uint8Array(512) }),
            )
          return agreeable(request)
        },
      },
      port,
    )
    expect(await first).toMatchObject({ value: { cursor: 4 }, done: false })
  })
})

describe('over a connection that ends', () => {
  it('repeats what is harmless to repeat, and rejects a take', async () => {
    let deaf = true
    const server = await scripted({
      answer: (request, { ws }) => {
        if (!deaf) return agreeable(request)
        if (request.kind === 'take')
          setImmediate(() => {
            deaf = false
            ws.terminate()
          })
        return undefined
      },
    })
    const client = await carrier(server.url)
    const put = client.mailbox.put([newPut(newBox())])
    const take = client.directory.take(new Uint8Array(32), 1)
    await expect(take).rejects.toMatchObject({ code: 'relay-carrier/interrupted', retryable: true })
    await put
    expect(server.peers).toHaveLength(2)
    expect(kinds(server.peers[1]?.requests)).toEqual(['put'])
  })

  it('a request that is never answered is given up, and a silent connection with it', async () => {
    const server = await scripted({ answer: () => undefined })
    const client = await carrier(server.url, { requestTimeoutMs: 80 })
    await expect(client.mailbox.put([newPut(newBox())])).rejects.toMatchObject({
      code: 'relay-carrier/timeout',
    })
    expect(server.peers.length).toBeGreaterThan(1)
  })

  it('a watch starts again on the new connection and drops what it had buffered', async () => {
    const pushes = [
      [1, 2, 3],
      [2, 3, 4],
    ]
    const server = await scripted({
      answer: (request, peer) => {
        if (request.kind === 'watch') {
          const cursors = pushes[server.peers.indexOf(peer)] ?? []
          const frame = new Uint8Array(128)
          setImmediate(() =>
            peer.reply(
              ...cursors.map(
                (cursor) => ({ kind: 'pushed', request: request.request, cursor, frame }) as const,
              ),
            ),
          )
        }
        return agreeable(request)
      },
    })
    const client = await carrier(server.url)
    const seen: number[] = []
    for await (const delivery of client.mailbox.watch(newBox())) {
      seen.push(delivery.cursor)
      if (seen.length === 1) {
        await delivery.ack()
        server.peers[0]?.ws.terminate()
        // Until the loss is noticed; then the buffer is gone.
        while (server.peers.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
      }
      if (delivery.cursor === 4) break
    }
    expect(seen).toEqual([1, 2, 3, 4])
  })

  it('a watch that waits ends when its iterator is returned', async () => {
    const server = await scripted()
    const client = await carrier(server.url)
    const watch = client.mailbox.watch(newBox())[Symbol.asyncIterator]()
    const waiting = watch.next()
    while (!kinds(server.peers[0]?.requests).includes('watch'))
      await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await watch.return?.()).toMatchObject({ done: true })
    expect(await waiting).toMatchObject({ done: true })
  })

  it('gives credit back as the consumer takes deliveries', async () => {
    const server = await scripted({
      answer: (request, peer) => {
        if (request.kind === 'watch') {
          const frame = new Uint8Array(128)
          const all = Array.from({ length: request.window }, (_, i) => ({ cursor: i + 1, frame }))
          setImmediate(() =>
            peer.reply(...all.map((one) => ({ kind: 'pushed', request: request.request, ...one }) as const)),
          )
        }
        return agreeable(request)
      },
    })
    const client = await carrier(server.url)
    let taken = 0
    for await (const { cursor } of client.mailbox.watch(newBox())) {
      taken = cursor
      if (taken === 40) break
    }
    while (!kinds(server.peers[0]?.requests).includes('unwatch'))
      await new Promise((resolve) => setTimeout(resolve, 5))
    const credits = server.peers[0]?.requests.filter(({ kind }) => kind === 'credit') ?? []
    expect(credits.map((credit) => 'count' in credit && credit.count)).toEqual([32])
  })
})
