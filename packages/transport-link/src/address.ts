/** Where a peer may be found, and how near that is: unix sockets before this machine, before the network, before the world. */
import { LinkError } from './errors.js'

export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/** `unix:/path` or `tcp://host:port`. @throws LinkError `link/bad-address` */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length)
    // A path of more is cut off silently by some systems, and then names another socket.
    if (!path.startsWith('/') || new TextEncoder().encode(path).length > 104 || path.includes('\0'))
      throw new LinkError('link/bad-address')
    return { kind: 'unix', path }
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url !== undefined && ['', '/'].includes(url.pathname) && url.search === '' && url.hash === ''
  if (!plain || url.protocol !== 'tcp:' || url.hostname === '' || url.port === '' || url.username !== '')
    throw new LinkError('link/bad-address')
  return { kind: 'tcp', host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) }
}

export function addressText(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `tcp://${host}:${address.port}`
}

const LOOPBACK = /^(127\.|::1$|localhost$)/
/** RFC 1918, RFC 4193, link-local, and names that only the local network knows. */
const NEARBY =
  /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|f[cd][0-9a-f]{2}:|fe80:|[^.:]+$|.*\.local$)/i

/** Lower is nearer. */
export function distance(address: Address): number {
  if (address.kind === 'unix') return 0
  if (LOOPBACK.test(address.host)) return 1
  return NEARBY.test(address.host) ? 2 : 3
}

/** Nearest first; equals in the order given. */
export function byDistance(addresses: readonly Address[]): Address[] {
  return [...addresses].sort((a, b) => distance(a) - distance(b))
}
