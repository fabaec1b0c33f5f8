/** Getting a stream to a device: over a connection that stands, at addresses that the caller knows, or where it announces to be. */

import type { Directory } from '@hyphae/core'
import { type Clock, fromHex, type Logger } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { announcementAddress, openAnnouncement } from './announcement.js'
import { deadline } from './deadline.js'
import { Libp2pError } from './errors.js'
import { DIAL_TIMEOUT_MS, LOOKUP_TIMEOUT_MS, MAX_ADDRESSES, MAX_KNOWN_DEVICES } from './limits.js'
import type { OpenedStream } from './link.js'
import { nearnessOf } from './nearness.js'
import { type Addresses, checkAddresses } from './options.js'
import { FRAMES_PROTOCOL } from './protocols.js'

export interface DialerContext {
  readonly libp2p: Libp2p
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly logger: Logger
  readonly addresses: Addresses | undefined
  readonly directory: Pick<Directory, 'lookup'>
  /** Which of the addresses that somebody else has told may be dialled. */
  readonly allowed: (addresses: Multiaddr[]) => Multiaddr[]
}

export interface Dialer {
  /** @throws Libp2pError `libp2p/unreachable` */
  open(device: string, signal: AbortSignal): Promise<OpenedStream>
  /** A device has proved to speak as this peer. */
  met(device: string, peerId: PeerId): void
}

export function createDialer(context: DialerContext): Dialer {
  const known = new Map<string, PeerId>()
  return {
    met: (device, peerId) => {
      known.delete(device)
      known.set(device, peerId)
      for (const name of known.keys()) if (known.size > MAX_KNOWN_DEVICES) known.delete(name)
    },
    open: async (device, signal) => {
      const connection = await connect(context, device, known.get(device), signal)
      return openOn(context, connection, signal)
    },
  }
}

async function openOn(
  { clock }: DialerContext,
  connection: Connection,
  signal: AbortSignal,
): Promise<OpenedStream> {
  const limit = deadline(clock, DIAL_TIMEOUT_MS, signal)
  try {
    const stream = await connection.newStream(FRAMES_PROTOCOL, {
      signal: limit.signal,
      runOnLimitedConnection: true,
    })
    return {
      stream,
      peerId: connection.remotePeer.toMultihash().bytes,
      nearness: nearnessOf(connection),
    }
  } catch (cause) {
    throw new Libp2pError('libp2p/unreachable', { cause })
  } finally {
    limit.done()
  }
}

async function connect(
  context: DialerContext,
  device: string,
  known: PeerId | undefined,
  signal: AbortSignal,
): Promise<Connection> {
  const standing = known === undefined ? undefined : openConnection(context.libp2p, known)
  if (standing !== undefined) return standing
  const given = (await context.addresses?.(device)) ?? []
  const found = await dialAll(context, given, signal)
  if (found !== undefined) return found
  const met = known === undefined ? undefined : await dial(context, known, signal)
  if (met !== undefined) return met
  const told = await announcedAddresses(context, device, signal)
  const announced = await dialAll(context, told, signal, context.allowed)
  if (announced !== undefined) return announced
  throw new Libp2pError('libp2p/unreachable', { details: { addresses: given.length } })
}

/** A direct one before one over a relay. */
function openConnection(libp2p: Libp2p, peer: PeerId): Connection | undefined {
  const open = libp2p.getConnections(peer).filter(({ status }) => status === 'open')
  return open.find(({ limits }) => limits === undefined) ?? open[0]
}

/** All addresses of one peer at once, one peer after the other. */
async function dialAll(
  context: DialerContext,
  addresses: readonly string[],
  signal: AbortSignal,
  allowed: (addresses: Multiaddr[]) => Multiaddr[] = (all) => all,
): Promise<Connection | undefined> {
  const byPeer = new Map<string, Multiaddr[]>()
  for (const address of addresses.slice(0, MAX_ADDRESSES)) {
    const parsed = parse(address)
    if (parsed === undefined || allowed([parsed.address]).length === 0) continue
    byPeer.set(parsed.peer, [...(byPeer.get(parsed.peer) ?? []), parsed.address])
  }
  for (const group of byPeer.values()) {
    const connection = await dial(context, group, signal)
    if (connection !== undefined) return connection
  }
  return undefined
}

function parse(text: string): { address: Multiaddr; peer: string } | undefined {
  try {
    checkAddresses([text])
    const address = multiaddr(text)
    const peer = address.getComponents().findLast(({ name }) => name === 'p2p')?.value
    return peer === undefined ? undefined : { address, peer }
  } catch {
    return undefined
  }
}

async function dial(
  { libp2p, clock, logger }: DialerContext,
  to: PeerId | Multiaddr[],
  signal: AbortSignal,
): Promise<Connection | undefined> {
  const limit = deadline(clock, DIAL_TIMEOUT_MS, signal)
  try {
    return await libp2p.dial(to, { signal: limit.signal })
  } catch {
    logger.info('libp2p: an address did not answer')
    return undefined
  } finally {
    limit.done()
  }
}

async function announcedAddresses(
  { directory, crypto, clock }: DialerContext,
  device: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const limit = deadline(clock, LOOKUP_TIMEOUT_MS, signal)
  try {
    const records = await directory.lookup(announcementAddress(crypto, fromHex(device)), {
      signal: limit.signal,
    })
    const said = records.flatMap((record) => openAnnouncement(crypto, device, record) ?? [])
    return said.sort((a, b) => b.time - a.time)[0]?.addresses ?? []
  } catch {
    return []
  } finally {
    limit.done()
  }
}
