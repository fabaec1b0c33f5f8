import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, it } from 'vitest'
import { nearnessOf } from '../src/nearness.js'
import { circuitOf } from './support/circuit.js'
import { frameOf, node } from './support/nodes.js'

const PEER = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
const near = (address: string, limits?: Connection['limits']) =>
  nearnessOf({ remoteAddr: multiaddr(address), ...(limits && { limits }) })

it.each([
  ['machine', '/ip4/127.0.0.1/tcp/4001'],
  ['machine', '/ip6/::1/tcp/4001/ws'],
  ['machine', '/dns4/localhost/tcp/4001'],
  ['machine', '/unix/%2Ftmp%2Fnode'],
  ['network', `/ip4/192.168.1.7/tcp/4001/p2p/${PEER}`],
  ['network', '/ip4/10.1.2.3/udp/4001/quic-v1'],
  ['network', '/ip4/172.31.0.1/tcp/1'],
  ['network', '/ip6/fe80::1/tcp/1'],
  ['network', '/ip6/fd00::1/tcp/1'],
  ['network', '/dns4/printer.local/tcp/1'],
  ['direct', '/ip4/172.32.0.1/tcp/1'],
  ['direct', '/ip4/93.184.216.34/tcp/443/wss'],
  ['direct', '/ip6/2606:2800:220:1::1/tcp/1'],
  ['direct', '/dns4/node.example/tcp/443/wss'],
  ['proxied', `/ip4/192.168.1.7/tcp/4001/p2p/${PEER}/p2p-circuit/p2p/${PEER}`],
  ['proxied', `/ip4/127.0.0.1/tcp/4001/ws/p2p/${PEER}/p2p-circuit`],
  ['direct', `/ip4/127.0.0.1/tcp/4001/p2p/${PEER}/p2p-circuit/webrtc/p2p/${PEER}`],
])('%s: %s', (expected, address) => {
  expect(near(address)).toBe(expected)
})

it('a connection with limits goes through a relay, whatever its address looks like', () => {
  expect(near('/ip4/192.168.1.7/tcp/1', { bytes: 131_072n })).toBe('proxied')
})

it('a link says it of each peer while a stream stands, at both ends, and names who is behind a relay as such', async () => {
  const relay = await node({ relay: true })
  const [ben, cleo] = [await node(), await node({ listen: [`${relay.addresses()[0]}/p2p-circuit`] })]
  const [atBen, atCleo] = [ben.addresses(), await circuitOf(cleo)]
  const ada = await node({ listen: [], addresses: (device) => (device === ben.device ? atBen : atCleo) })
  expect(ada.link.nearness?.(ben.device)).toBeUndefined()
  await ada.link.send(ben.device, frameOf())
  await ada.link.send(cleo.device, frameOf())
  expect([ben, cleo].map(({ device }) => ada.link.nearness?.(device))).toEqual(['machine', 'proxied'])
  expect([ben, cleo].map(({ link }) => link.nearness?.(ada.device))).toEqual(['machine', 'proxied'])
  await ben.close()
  await expect.poll(() => ada.link.nearness?.(ben.device)).toBeUndefined()
})
