/** What strangers can do to a node with a libp2p of their own. */
import { silentLogger } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { virtualClock } from '@hyphae/testkit'
import type { Stream } from '@libp2p/interface'
import { describe, expect, it } from 'vitest'
import { encodeHello, signBinding } from '../../src/hello.js'
import {
  FRAMES_PROTOCOL,
  HANDSHAKE_TIMEOUT_MS,
  libp2p,
  MAX_HANDSHAKES,
  RECORD_TIMEOUT_MS,
  STOCK_PROTOCOL,
  sealPublishing,
  topicName,
} from '../../src/index.node.js'
import { encodeRecord, KIND_HELLO } from '../../src/wire.js'
import { bareNode } from '../support/bare.js'
import { closeLater, frameOf, LOOPBACK, node, pause } from '../support/nodes.js'

const isOpen = ({ status }: Stream): boolean => status === 'open'

describe('strangers', () => {
  it('hostile 39: who says nothing takes one of the places, for a while; friends get in again', async () => {
    const clock = virtualClock()
    const identity = crypto.ed25519.generate()
    const options = { identity, listen: [LOOPBACK], reach: 'local' as const }
    const ben = closeLater(await libp2p(options)({ clock, logger: silentLogger }))
    const strangers = await Promise.all([closeLater(await bareNode()), closeLater(await bareNode())])
    const [address] = ben.addresses() as [string]
    const streams: Stream[] = []
    for (let index = 0; index < MAX_HANDSHAKES + 4; index++) {
      const stranger = strangers[index % 2]
      const stream = await stranger?.dialProtocol(address, FRAMES_PROTOCOL)
      if (stream !== undefined) streams.push(stream)
    }
    await expect.poll(() => streams.filter(isOpen).length).toBe(MAX_HANDSHAKES)
    await clock.advance(HANDSHAKE_TIMEOUT_MS + 1)
    await expect.poll(() => streams.filter(isOpen).length).toBe(0)
    const ada = await node({ addresses: () => [address] })
    await ada.link.send(ben.device, frameOf())
  })

  it('hostile 39: a record that drips ends its stream', async () => {
    const clock = virtualClock()
    const identity = crypto.ed25519.generate()
    const options = { identity, listen: [LOOPBACK], reach: 'local' as const }
    const ben = closeLater(await libp2p(options)({ clock, logger: silentLogger }))
    const stranger = closeLater(await bareNode())
    const peerId = stranger.libp2p.peerId.toMultihash().bytes
    const hello = encodeHello(signBinding(crypto, crypto.ed25519.generate(), peerId), 0)
    const stream = await stranger.dialProtocol(ben.addresses()[0] as string, FRAMES_PROTOCOL)
    let welcome = 0
    stream.addEventListener('message', ({ data }) => {
      welcome += data.byteLength
    })
    stream.send(encodeRecord(KIND_HELLO, hello))
    await expect.poll(() => welcome).toBe(103)
    stream.send(Uint8Array.of(4, 0, 2, 1, 2, 3))
    await pause(50)
    await clock.advance(RECORD_TIMEOUT_MS + 1)
    await expect.poll(() => isOpen(stream)).toBe(false)
  })

  it('hostile 41: who never reads is not waited for by others', async () => {
    const [ben, ada] = [await node(), await node()]
    const eve = await node({ addresses: () => ben.addresses() })
    // Eve is spoken with and never reads; ada is served all the same.
    await eve.link.send(ben.device, frameOf())
    const frames = ben.link.frames()[Symbol.asyncIterator]()
    await frames.next()
    let stuck = 0
    const flooding = (async () => {
      for (let index = 0; index < 3000; index++) {
        await ben.link.send(eve.device, frameOf(4096)).catch(() => {})
        stuck = index
      }
    })()
    await pause(300)
    expect(stuck).toBeLessThan(2999)
    const friend = await node({ addresses: () => ben.addresses() })
    const frame = frameOf()
    await friend.link.send(ben.device, frame)
    expect((await frames.next()).value).toEqual({ peer: friend.device, frame })
    await Promise.all([eve.close(), ada.close()])
    await flooding
  })

  it('nonsense at a stock is answered by nothing', async () => {
    const ben = await node()
    const stranger = closeLater(await bareNode())
    for (const bytes of [new Uint8Array(1), crypto.randomBytes(34), crypto.randomBytes(20_000)]) {
      const stream = await stranger.dialProtocol(ben.addresses()[0] as string, STOCK_PROTOCOL)
      let answer = 0
      stream.addEventListener('message', ({ data }) => {
        answer += data.byteLength
      })
      stream.send(bytes)
      await stream.close().catch(() => {})
      await expect.poll(() => isOpen(stream)).toBe(false)
      expect(answer).toBeLessThanOrEqual(1)
    }
  })

  it('hostile 8: a publishing that is published again is heard once, whoever does it', async () => {
    const ben = await node()
    const stranger = closeLater(await bareNode())
    await stranger.connect(ben.addresses()[0] as string)
    const topic = crypto.randomBytes(32)
    const name = topicName(crypto, topic)
    const heard: number[] = []
    const stop = new AbortController()
    const reading = (async () => {
      for await (const frame of ben.topic.subscribe(topic, { signal: stop.signal }))
        heard.push(frame[0] as number)
    })()
    const frame = (first: number): Uint8Array => new Uint8Array(128).fill(first)
    const again = sealPublishing(crypto, topic, frame(1))
    await expect
      .poll(async () => {
        await stranger.publish(name, again)
        return heard.length
      })
      .toBe(1)
    // Each of these is a new message of gossip, with a signature of its own.
    for (let time = 0; time < 5; time++) await stranger.publish(name, again)
    await stranger.publish(name, sealPublishing(crypto, topic, frame(2)))
    await expect.poll(() => heard.includes(2)).toBe(true)
    expect(heard).toEqual([1, 2])
    stop.abort()
    await reading
  })
})
