/** Where a peer may be found, and how near that is: unix sockets before this machine, before the network, before the world. */
import { LinkError } from './errors.js'

interface Place {
  readonly host: string
  readonly port: number
}

export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | ({ readonly kind: 'tcp' } & Place)
  | ({ readonly kind: 'udp' } & Place)
  | ({ readonly kind: 'ws' | 'wss'; readonly path: string } & Place)
  /** A radio modem that speaks KISS. */
  | { readonly kind: 'serial'; readonly path: string; readonly baud: number }

const DEFAULT_BAUD = 9_600
const MAX_PATH_BYTES = { unix: 104, serial: 1_024 } as const
const DEFAULT_PORTS = { ws: 80, wss: 443 } as const

/**
 * `unix:/path`, `tcp://host:port`, `udp://host:port`, `ws://host:port/path`, `wss://…`, `serial:/dev/ttyUSB0?baud=57600`.
 * @throws LinkError `link/bad-address`
 */
export function parseAddress(text: string): Address {
  const scheme = text.slice(0, text.indexOf(':'))
  switch (scheme) {
    case 'unix':
      return { kind: 'unix', path: pathIn(text.slice('unix:'.length), MAX_PATH_BYTES.unix) }
    case 'serial':
      return parseSerial(text.slice('serial:'.length))
    case 'tcp':
    case 'udp': {
      const url = parseUrl(text)
      if (!['', '/'].includes(url.pathname) || url.port === '') throw new LinkError('link/bad-address')
      return { kind: scheme, host: hostOf(url), port: Number(url.port) }
    }
    case 'ws':
    case 'wss': {
      const url = parseUrl(text)
      const port = url.port === '' ? DEFAULT_PORTS[scheme] : Number(url.port)
      return { kind: scheme, host: hostOf(url), port, path: url.pathname }
    }
    default:
      throw new LinkError('link/bad-address')
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === '' || url.username !== '' || url.search !== '' || url.hash !== '')
    throw new LinkError('link/bad-address')
  return url
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

/** A path of more than the system's limit is cut off silently by some, and then names another thing. */
function pathIn(path: string, limit: number): string {
  if (!path.startsWith('/') || new TextEncoder().encode(path).length > limit || path.includes('\0'))
    throw new LinkError('link/bad-address')
  return path
}

function parseSerial(text: string): Address {
  const [path = '', query, ...more] = text.split('?')
  const baud = query === undefined ? DEFAULT_BAUD : Number(/^baud=([1-9][0-9]{2,6})$/.exec(query)?.[1])
  if (more.length > 0 || Number.isNaN(baud)) throw new LinkError('link/bad-address')
  return { kind: 'serial', path: pathIn(path, MAX_PATH_BYTES.serial), baud }
}

export function addressText(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  if (address.kind === 'serial') return `serial:${address.path}?baud=${address.baud}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  const path = 'path' in address ? address.path : ''
  return `${address.kind}://${host}:${address.port}${path}`
}

const LOOPBACK = /^(127\.|::1$|localhost$)/
/** RFC 1918, RFC 4193, link-local, and names that only the local network knows. */
const NEARBY =
  /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|f[cd][0-9a-f]{2}:|fe80:|[^.:]+$|.*\.local$)/i

/** Lower is nearer. A radio comes last: whatever else answers is a thousand times as fast. */
export function distance(address: Address): number {
  if (address.kind === 'unix') return 0
  if (address.kind === 'serial') return 4
  if (LOOPBACK.test(address.host)) return 1
  return NEARBY.test(address.host) ? 2 : 3
}

/** Nearest first; equals in the order given. */
export function byDistance(addresses: readonly Address[]): Address[] {
  return [...addresses].sort((a, b) => distance(a) - distance(b))
}
