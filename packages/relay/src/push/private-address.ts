/**
 * Addresses that are not of the public internet: a push endpoint there would make the gateway talk to its own network.
 *
 * RFC 6890 and its registries; forms of IPv6 that carry an IPv4 address are refused whole.
 */
import { BlockList, isIP, isIPv6 } from 'node:net'

const V4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

const V6: readonly [string, number][] = [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
]

// Two lists: in one, every IPv4 address would match ::ffff:0:0/96.
const refused4 = new BlockList()
const refused6 = new BlockList()
for (const [network, bits] of V4) refused4.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of V6) refused6.addSubnet(network, bits, 'ipv6')

/** True for what is no address at all, too. */
export function isPrivateAddress(address: string): boolean {
  if (isIP(address) === 0) return true
  return isIPv6(address) ? refused6.check(address, 'ipv6') : refused4.check(address, 'ipv4')
}

export function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}
