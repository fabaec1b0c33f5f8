/** What a node stands on, when it is taken away and comes back: relays and bootstrap nodes. */
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signDirectoryRecord } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import { startWire } from '../../testkit/test/support/wire.js'
import { circuitOf } from './support/circuit.js'
import { closeLater, frameOf, type Node, node, startNode } from './support/nodes.js'

/** The node's address through a wire that can be cut. */
async function wired(one: Node): Promise<{ address: string; cut(): void }> {
  const [address] = one.addresses() as [string]
  const port = Number(address.split('/')[4])
  const wire = await startWire({ host: '127.0.0.1', port })
  closeLater({ close: wire.stop })
  return { address: address.replace(`/tcp/${port}`, `/tcp/${wire.port}`), cut: wire.cut }
}

const sent = (from: Node, to: Node, frame = frameOf()): Promise<boolean> =>
  from.link.send(to.device, frame).then(
    () => true,
    () => false,
  )

describe('a node behind a relay', () => {
  it('can be reached again when its connection to the relay was cut', async () => {
    const relay = await node({ relay: true })
    const wire = await wired(relay)
    const ben = await node({ listen: [`${wire.address}/p2p-circuit`] })
    await circuitOf(ben)
    const ada = await node({
      listen: [],
      addresses: () => [`${relay.addresses()[0]}/p2p-circuit/p2p/${ben.peerId}`],
    })
    const heard: Uint8Array[] = []
    const reading = (async () => {
      for await (const { frame } of ben.link.frames()) heard.push(frame)
    })()
    for (let cuts = 0; cuts < 3; cuts++) {
      if (cuts > 0) wire.cut()
      const before = heard.length
      // What is taken before the cut is noticed is lost, as over any link.
      await expect
        .poll(() => sent(ada, ben).then(() => heard.length), { timeout: 10_000 })
        .toBeGreaterThan(before)
    }
    await ben.close()
    await reading
  }, 30_000)

  it('starts although its relay is away, and can be reached when that is there', async () => {
    const seed = crypto.randomBytes(32)
    const before = await startNode({ relay: true, seed })
    const [address] = before.addresses() as [string]
    const port = address.split('/')[4]
    await before.close()
    const ben = await node({ listen: [`${address}/p2p-circuit`] })
    expect(ben.addresses()).toEqual([])
    const relay = await node({ relay: true, seed, listen: [`/ip4/127.0.0.1/tcp/${port}`] })
    const places = await circuitOf(ben)
    const ada = await node({ listen: [], addresses: () => places })
    expect(await sent(ada, ben)).toBe(true)
    await relay.close()
  }, 30_000)
})

it('a node that was cut from its bootstrap node finds it again: its directory and topics go on', async () => {
  const meeting = await node()
  const other = await node({ bootstrap: meeting.addresses() })
  const wire = await wired(meeting)
  const ben = await node({ bootstrap: [wire.address], listen: [] })
  const name = crypto.randomBytes(32)
  const heard = ben.topic.subscribe(name)[Symbol.asyncIterator]()
  const met = (): boolean => ben.libp2p.getPeers().some((peer) => peer.toString() === meeting.peerId)
  await expect.poll(met, { timeout: 10_000 }).toBe(true)
  const left = new Promise<void>((resolve) =>
    ben.libp2p.addEventListener('peer:disconnect', ({ detail }) => {
      if (detail.toString() === meeting.peerId) resolve()
    }),
  )
  wire.cut()
  await left
  await expect.poll(met, { timeout: 10_000 }).toBe(true)
  const record = signDirectoryRecord(crypto, crypto.ed25519.generate(), {
    address: crypto.randomBytes(32),
    sequence: 1,
    body: Uint8Array.of(1),
  })
  await other.directory.publish(record)
  await expect
    .poll(
      () =>
        ben.directory.lookup(record.address).then(
          ({ length }) => length,
          () => 0,
        ),
      {
        timeout: 10_000,
      },
    )
    .toBe(1)
  const frame = frameOf()
  const again = setInterval(() => void meeting.topic.publish(name, frame).catch(() => {}), 100)
  expect((await heard.next()).value).toEqual(frame)
  clearInterval(again)
}, 30_000)
