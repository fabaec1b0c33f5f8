/** How nodes meet: on the local network, directly after a relay has introduced them, and in the DHT for as long as they live. */
import { createSocket } from 'node:dgram'
import { type Clock, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signDirectoryRecord } from '@hyphae/tlv'
import type { Libp2p } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { libp2p, REPUBLISH_MS } from '../src/index.node.js'
import { circuitOf } from './support/circuit.js'
import { closeLater, components, frameOf, LOOPBACK, type Node, node } from './support/nodes.js'

/** Whether datagrams to a multicast group come back on this machine. */
function multicast(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    const end = (heard: boolean): void => {
      clearTimeout(late)
      socket.close()
      resolve(heard)
    }
    const late = setTimeout(() => end(false), 1_000)
    socket.on('error', () => end(false))
    socket.on('message', () => end(true))
    socket.bind(0, () => {
      try {
        socket.addMembership('224.0.0.251')
        socket.send('heard?', socket.address().port, '224.0.0.251')
      } catch {
        end(false)
      }
    })
  })
}

const hasMulticast = await multicast()

describe('on the local network', () => {
  it.skipIf(!hasMulticast)(
    `nodes find each other by mDNS${hasMulticast ? '' : ' (no multicast here)'}`,
    async () => {
      const everywhere = '/ip4/0.0.0.0/tcp/0'
      const [ada, ben] = [
        await node({ mdns: true, listen: [everywhere] }),
        await node({ mdns: true, listen: [everywhere] }),
      ]
      const peers = (): string[] => ada.libp2p.getPeers().map(String)
      await expect.poll(peers, { timeout: 20_000 }).toContain(ben.peerId)
      const record = signDirectoryRecord(crypto, crypto.ed25519.generate(), {
        address: crypto.randomBytes(32),
        sequence: 1,
        body: Uint8Array.of(1),
      })
      await expect
        .poll(
          () =>
            ada.directory.publish(record).then(
              () => true,
              () => false,
            ),
          { timeout: 20_000 },
        )
        .toBe(true)
      expect((await ben.directory.lookup(record.address)).map(({ body }) => body)).toEqual([record.body])
    },
    45_000,
  )
})

interface AddressManager {
  addObservedAddr(address: Multiaddr): void
  confirmObservedAddr(address: Multiaddr, options: { type: 'observed' }): void
}

/** Gives a node a name that stands for this machine: private addresses are never dialled for an upgrade, names are. */
function nameLoopback(one: Node): void {
  const { components: parts } = one.libp2p as Libp2p & { components: { addressManager: AddressManager } }
  const address = multiaddr(`/dns4/localhost/tcp/${one.addresses()[0]?.split('/')[4]}`)
  parts.addressManager.addObservedAddr(address)
  parts.addressManager.confirmObservedAddr(address, { type: 'observed' })
}

describe('behind a relay', () => {
  it('two nodes go on directly (DCUtR), and nothing they say is lost', async () => {
    const relay = await node({ relay: true })
    const ben = await node({ listen: [`${relay.addresses()[0]}/p2p-circuit`] })
    const places = await circuitOf(ben)
    const ada = await node({ listen: [LOOPBACK], addresses: () => places })
    nameLoopback(ada)
    const [atBen, atAda] = [ben, ada].map(({ link }) => link.frames()[Symbol.asyncIterator]())
    const exchange = async (): Promise<void> => {
      const [there, back] = [frameOf(), frameOf()]
      await ada.link.send(ben.device, there)
      expect((await atBen?.next())?.value?.frame).toEqual(there)
      await ben.link.send(ada.device, back)
      expect((await atAda?.next())?.value?.frame).toEqual(back)
    }
    await exchange()
    const between = (): boolean[] =>
      ada.libp2p
        .getConnections()
        .filter(({ remotePeer, status }) => remotePeer.toString() === ben.peerId && status === 'open')
        .map(({ limits }) => limits === undefined)
    await expect.poll(between, { timeout: 15_000 }).toEqual([true])
    for (let round = 0; round < 5; round++) await exchange()
    expect(between()).toEqual([true])
  }, 40_000)
})

describe('in the DHT', () => {
  it('own records are published again every six hours, to nodes that have come since', async () => {
    let wake: (() => void) | undefined
    // Six hours pass when the test says so; everything else takes the time it takes.
    const clock: Clock = {
      now: systemClock.now,
      sleep: (ms, signal, background) =>
        ms < REPUBLISH_MS
          ? systemClock.sleep(ms, signal, background)
          : new Promise((resolve, reject) => {
              wake = resolve
              signal?.addEventListener('abort', reject, { once: true })
            }),
    }
    const meeting = await node({ dht: 'server' })
    const options = {
      identity: crypto.ed25519.generate(),
      listen: [LOOPBACK],
      reach: 'local',
      dht: 'client',
    } as const
    const ada = closeLater(
      await libp2p({ ...options, bootstrap: meeting.addresses() })({ ...components, clock }),
    )
    const address = crypto.randomBytes(32)
    const body = Uint8Array.of(7)
    await ada.directory.publish(
      signDirectoryRecord(crypto, crypto.ed25519.generate(), { address, sequence: 1, body }),
    )
    const later = await node({ dht: 'server', bootstrap: meeting.addresses() })
    const other = await node({ dht: 'server', bootstrap: later.addresses() })
    await meeting.close()
    for (const { libp2p: one } of [later, other]) await ada.libp2p.dial(one.getMultiaddrs())
    const found = async (): Promise<number> => (await later.directory.lookup(address).catch(() => [])).length
    expect(await found()).toBe(0)
    for (let round = 0; (await found()) === 0 && round < 20; round++) {
      wake?.()
      await systemClock.sleep(250)
    }
    expect(await found()).toBe(1)
  }, 40_000)
})
