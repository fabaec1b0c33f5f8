/**
 * How near a peer is, by the connection with it (spec/libp2p.md, "Nearness"). Says what an address says and no more: one
 * of the local network may belong to a tunnel. Knows no streams.
 */
import type { Nearness } from '@hyphae/core'
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

type Component = ReturnType<Multiaddr['getComponents']>[number]

/** RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3; the same in an address of IPv6. */
const LOOPBACK = /^(::ffff:)?127\.|^::1$/i
/** RFC 1918, link-local, RFC 4193. */
const LOCAL =
  /^(::ffff:)?(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.)|^f[cd][0-9a-f]{2}:|^fe[89ab][0-9a-f]:/i

export function nearnessOf({ remoteAddr, limits }: Pick<Connection, 'remoteAddr' | 'limits'>): Nearness {
  const parts = remoteAddr.getComponents()
  if (limits !== undefined || isRelayed(parts)) return 'proxied'
  // Behind a relay's part of the address stands nothing that says where the other side is.
  const host = parts.some(({ name }) => name === 'p2p-circuit') ? undefined : parts[0]
  return host === undefined ? 'direct' : byHost(host)
}

/** WebRTC is arranged over a relay and goes on without it. */
function isRelayed(parts: readonly Component[]): boolean {
  const circuit = parts.findLastIndex(({ name }) => name === 'p2p-circuit')
  return circuit >= 0 && !parts.slice(circuit).some(({ name }) => name === 'webrtc')
}

function byHost({ name, value = '' }: Component): Nearness {
  if (name === 'unix' || name === 'memory') return 'machine'
  const isName = name.startsWith('dns')
  if (isName ? value === 'localhost' : LOOPBACK.test(value)) return 'machine'
  if (isName ? value.endsWith('.local') : LOCAL.test(value)) return 'network'
  return 'direct'
}
