import { type DirectoryRecord, silentLogger, systemClock, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import type { Libp2p } from '@libp2p/interface'
import { passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { expect, it } from 'vitest'
import { createDialer } from '../../src/dialer.js'
import { signAnnouncement } from '../../src/index.node.js'

const PEER = '12D3KooWHKZFqSwbCZAaKka6AHgPA88XyUZKbTo6fWrdWvzgZVfi'
const id = peerIdFromString(PEER)

/** What is dialled when a device announces `addresses`. */
async function dialled(addresses: readonly string[], mapper: typeof passthroughMapper): Promise<string[]> {
  const seen: string[] = []
  const libp2p = {
    getConnections: () => [],
    dial: async (to: { toString(): string }[]) => {
      seen.push(...to.map(String))
      throw new Error('nobody there')
    },
  } as unknown as Libp2p
  const identity = crypto.ed25519.generate()
  const record: DirectoryRecord = signAnnouncement(crypto, identity, { time: 1, addresses })
  const dialer = createDialer({
    libp2p,
    crypto,
    clock: systemClock,
    logger: silentLogger,
    addresses: undefined,
    directory: { lookup: async () => [record] },
    allowed: (multiaddrs) => mapper({ id, multiaddrs }).multiaddrs,
  })
  await dialer.open(toHex(identity.publicKey), new AbortController().signal).catch(() => {})
  return seen
}

const PRIVATE = ['127.0.0.1', '10.0.0.7', '192.168.1.1', '172.16.5.5', '169.254.1.1'].map(
  (host) => `/ip4/${host}/tcp/22/p2p/${PEER}`,
)
const PUBLIC = `/ip4/193.0.6.139/tcp/7000/p2p/${PEER}`

it('hostile 45: an announcement that points into private networks is not followed', async () => {
  const addresses = [...PRIVATE, `/ip6/::1/tcp/22/p2p/${PEER}`, PUBLIC]
  expect(await dialled(addresses, removePrivateAddressesMapper)).toEqual([PUBLIC])
  expect(await dialled(PRIVATE, passthroughMapper)).toEqual(PRIVATE)
})

it('announced addresses that are none are passed over', async () => {
  const addresses = ['', 'http://example.org', '/ip4/1.2.3.4/tcp/1', '/nonsense/1/p2p/2', PUBLIC]
  expect(await dialled(addresses, removePrivateAddressesMapper)).toEqual([PUBLIC])
})
