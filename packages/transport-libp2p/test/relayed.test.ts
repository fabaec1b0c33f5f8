import { defaultCrypto as crypto } from '@hyphae/crypto'
import { boxKeyOf } from '@hyphae/testkit'
import { dedupe, fanOut, memoryNetwork } from '@hyphae/transport'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { startWire } from '../../testkit/test/support/wire.js'
import { circuitOf, impatientRelay } from './support/circuit.js'
import { closeLater, components, frameOf, type Node, node, pause } from './support/nodes.js'

/** Two nodes that only a relay can bring together. */
async function relayed(): Promise<{ ada: Node; ben: Node }> {
  const relay = await node({ relay: true })
  const ben = await node({ listen: [`${relay.addresses()[0]}/p2p-circuit`] })
  const places = await circuitOf(ben)
  const ada = await node({ listen: [], addresses: () => places })
  return { ada, ben }
}

const limited = ({ libp2p }: Node): boolean =>
  libp2p.getConnections().some(({ limits, status }) => limits !== undefined && status === 'open')

describe('nodes behind a relay', () => {
  it('speak through it, both ways, and go on when no direct connection can be made', async () => {
    const { ada, ben } = await relayed()
    const [atBen, atAda] = [ben, ada].map(({ link }) => link.frames()[Symbol.asyncIterator]())
    for (let round = 0; round < 4; round++) {
      const [there, back] = [frameOf(), frameOf()]
      await ada.link.send(ben.device, there)
      expect((await atBen?.next())?.value).toEqual({ peer: ada.device, frame: there })
      await ben.link.send(ada.device, back)
      expect((await atAda?.next())?.value).toEqual({ peer: ben.device, frame: back })
      expect(limited(ada)).toBe(true)
      // Long enough for an upgrade to be tried and to fail.
      await pause(300)
    }
  })

  it('connect again when the relay has carried as much as it does for one connection', async () => {
    const { ada, ben } = await relayed()
    const heard: number[] = []
    const reading = (async () => {
      for await (const { frame } of ben.link.frames()) heard.push(new DataView(frame.buffer).getUint32(0))
    })()
    // The relay grants 128 KiB to a connection; this is three times as much.
    for (let number = 0; heard.length < 96; number++) {
      const frame = new Uint8Array(4096)
      new DataView(frame.buffer).setUint32(0, number)
      const taken = await ada.link.send(ben.device, frame).then(
        () => true,
        () => false,
      )
      for (let look = 0; look < (taken ? 20 : 1) && heard.at(-1) !== number; look++) await pause(10)
    }
    expect(new Set(heard).size).toBe(heard.length)
    await ben.close()
    await reading
  }, 60_000)

  it('go on when the relay ends each connection after its time, both ways, again and again', async () => {
    const relay = await impatientRelay(1_000)
    closeLater({ close: async () => void (await relay.stop()) })
    const ben = await node({ listen: [`${relay.getMultiaddrs()[0]}/p2p-circuit`] })
    const places = await circuitOf(ben)
    const ada = await node({ listen: [], addresses: () => places })
    let ended = 0
    ada.libp2p.addEventListener('connection:close', ({ detail }) => {
      if (detail.limits !== undefined) ended += 1
    })
    const heard = { ada: 0, ben: 0 }
    const reading = Object.entries({ ada, ben }).map(async ([name, one]) => {
      for await (const _ of one.link.frames()) heard[name as 'ada' | 'ben'] += 1
    })
    await ada.link.send(ben.device, frameOf())
    // Three ends; after each the side that cannot dial is heard again, and so is the other.
    for (let round = 1; round <= 3; round++) {
      await expect.poll(() => ended, { timeout: 15_000 }).toBeGreaterThanOrEqual(round)
      const before = { ...heard }
      const both = async (): Promise<boolean> => {
        await Promise.allSettled([ben.link.send(ada.device, frameOf()), ada.link.send(ben.device, frameOf())])
        return heard.ada > before.ada && heard.ben > before.ben
      }
      await expect.poll(both, { timeout: 15_000 }).toBe(true)
    }
    await Promise.all([ada.close(), ben.close()])
    await Promise.all(reading)
  }, 60_000)

  it('are met on topics and in the directory all the same', async () => {
    const relay = await node({ relay: true })
    const ben = await node({ listen: [`${relay.addresses()[0]}/p2p-circuit`], bootstrap: relay.addresses() })
    const ada = await node({ listen: [], bootstrap: relay.addresses() })
    const name = crypto.randomBytes(32)
    const heard = ben.topic.subscribe(name)[Symbol.asyncIterator]().next()
    // The relay knows nothing of the topic and passes nothing on: the two must meet each other.
    const places = await circuitOf(ben)
    await ada.libp2p.dial(places.map((place) => multiaddr(place)))
    const frame = frameOf()
    const again = setInterval(() => void ada.topic.publish(name, frame).catch(() => {}), 100)
    expect((await heard).value).toEqual(frame)
    clearInterval(again)
  })
})

describe('a node that is suspended, cut off and comes back', () => {
  it('loses nothing: what the link lost is in the mailbox, and what both bring comes once', async () => {
    const net = memoryNetwork()
    const box = boxKeyOf(crypto, crypto.ed25519.generate())
    const ben = await node()
    const [address] = ben.addresses() as [string]
    const port = Number(address.split('/')[4])
    const proxy = await startWire({ host: '127.0.0.1', port })
    const ada = await node({
      listen: [],
      addresses: () => [address.replace(`/tcp/${port}`, `/tcp/${proxy.port}`)],
    })
    const sender = fanOut([await net()(components)])
    const reader = await net()(components)
    const total = 120
    const sending = (async () => {
      for (let number = 0; number < total; number++) {
        const frame = new Uint8Array(512)
        new DataView(frame.buffer).setUint32(0, number)
        const id = crypto.sha256(frame).slice(0, 16)
        // The same frame both ways: the link at once if it can, the mailbox in any case.
        void ada.link.send(ben.device, frame).catch(() => {})
        await sender.mailbox?.put([{ box: box.id, id, frame }])
        await pause(5)
        if (number % 30 === 10) proxy.cut()
      }
    })()
    const byLink = new Set<number>()
    const numberOf = (frame: Uint8Array): number => new DataView(frame.buffer, frame.byteOffset).getUint32(0)
    void (async () => {
      for await (const { frame } of ben.link.frames()) byLink.add(numberOf(frame))
    })()
    const stop = new AbortController()
    const got: number[] = []
    await pause(100)
    for await (const delivery of dedupe(reader.mailbox?.watch(box, { signal: stop.signal }) ?? none())) {
      got.push(numberOf(delivery.frame))
      await delivery.ack()
      if (got.length === total) stop.abort()
    }
    await sending
    expect(got).toEqual(Array.from({ length: total }, (_, number) => number))
    expect(byLink.size).toBeGreaterThan(0)
    expect(byLink.size).toBeLessThan(total)
    await proxy.stop()
  })
})

async function* none(): AsyncGenerator<never> {}
