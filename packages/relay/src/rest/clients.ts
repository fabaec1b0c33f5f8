/**
 * Where a request comes from, for rates alone: never kept on disk, never logged. spec/relay-rest.md section 5.
 *
 * An address behind a trusted proxy is the last one that no trusted proxy has added.
 */
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { Clock } from '@hyphae/core'
import { MAX_CLIENTS, type RelayLimits } from '../limits.js'
import { type Bucket, createBucket } from '../server/bucket.js'

/** Undefined when one of them is no address or network. */
export function trustedProxies(networks: readonly string[]): BlockList | undefined {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits, ...more] = network.split('/')
    const family = familyOf(address)
    const most = family === 'ipv4' ? 32 : 128
    if (family === undefined || more.length > 0) return undefined
    if (bits === undefined) list.addAddress(address, family)
    else if (/^\d{1,3}$/.test(bits) && Number(bits) <= most) list.addSubnet(address, Number(bits), family)
    else return undefined
  }
  return list
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address)
  return version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : undefined
}

/** IPv4 in its own notation, whatever the socket is. */
function plain(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address.trim())
  return mapped?.[1] ?? address.trim()
}

export function addressOf(request: Pick<IncomingMessage, 'socket' | 'headers'>, trusted: BlockList): string {
  const isTrusted = (address: string): boolean => {
    const family = familyOf(address)
    return family !== undefined && trusted.check(address, family)
  }
  let address = plain(request.socket.remoteAddress ?? '')
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  while (isTrusted(address)) {
    const before = plain(forwarded.pop() ?? '')
    if (familyOf(before) === undefined) break
    address = before
  }
  return address
}

/** One customer of an IPv6 network has at least a /64. */
const IPV6_GROUPS = 4

export function clientOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const groups = head === '' ? [] : head.split(':')
  const behind = tail === undefined || tail === '' ? [] : tail.split(':')
  while (tail !== undefined && groups.length + behind.length < 8) groups.push('0')
  return [...groups, ...behind]
    .slice(0, IPV6_GROUPS)
    .map((group) => Number.parseInt(group, 16))
    .join(':')
}

export interface ClientRates {
  /** Its address, or its IPv6 network. */
  readonly client: string
  readonly requests: Bucket
  /** Signature checks, items, subscriptions. */
  readonly costly: Bucket
}

export interface Clients {
  of(request: Pick<IncomingMessage, 'socket' | 'headers'>): ClientRates
}

/** Rates by address; of too many addresses the one that was silent for longest is forgotten. */
export function createClients(trusted: BlockList, limits: RelayLimits, clock: Clock): Clients {
  const byAddress = new Map<string, ClientRates>()
  const { restPerSecond, restBurst, costlyPerSecond, costlyBurst } = limits
  return {
    of: (request) => {
      const client = clientOf(addressOf(request, trusted))
      const now = clock.now()
      const rates = byAddress.get(client) ?? {
        client,
        requests: createBucket(restPerSecond, restBurst, now),
        costly: createBucket(costlyPerSecond, costlyBurst, now),
      }
      byAddress.delete(client)
      byAddress.set(client, rates)
      const [oldest] = byAddress.keys()
      if (byAddress.size > MAX_CLIENTS && oldest !== undefined) byAddress.delete(oldest)
      return rates
    },
  }
}
