/** A relay of somebody else's making (@nostr-relay) on loopback, with its events in memory. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { silentLogger, systemClock } from '@hyphae/core'
import {
  type Event,
  EventRepository,
  type EventRepositoryUpsertResult,
  type Filter,
  LogLevel,
} from '@nostr-relay/common'
import { NostrRelay } from '@nostr-relay/core'
import { Validator } from '@nostr-relay/validator'
import { type WebSocket, WebSocketServer } from 'ws'

/** Addressable events (NIP-01): one for each kind, author and `d`. */
function isReplacedBy(known: Event, event: Event): boolean {
  const name = ({ tags }: Event): string | undefined => tags.find(([letter]) => letter === 'd')?.[1]
  const isAddressable = event.kind >= 30_000 && event.kind < 40_000
  return (
    isAddressable && known.kind === event.kind && known.pubkey === event.pubkey && name(known) === name(event)
  )
}

function isTagged(event: Event, letter: string, filter: Filter): boolean {
  const wanted = filter[`#${letter}` as '#p']
  return (
    wanted === undefined ||
    event.tags.some(([name, value]) => name === letter && wanted.includes(value ?? ''))
  )
}

class MemoryRepository extends EventRepository {
  readonly events = new Map<string, Event>()

  isSearchSupported(): boolean {
    return false
  }

  upsert(event: Event): EventRepositoryUpsertResult {
    const isDuplicate = this.events.has(event.id)
    const earlier = [...this.events.values()].filter((known) => isReplacedBy(known, event))
    if (earlier.some((known) => known.created_at > event.created_at)) return { isDuplicate: true }
    for (const { id } of earlier) this.events.delete(id)
    this.events.set(event.id, event)
    return { isDuplicate }
  }

  find(filter: Filter): Event[] {
    return [...this.events.values()]
      .filter((event) => filter.ids?.includes(event.id) ?? true)
      .filter((event) => filter.kinds?.includes(event.kind) ?? true)
      .filter((event) => event.created_at <= (filter.until ?? Number.POSITIVE_INFINITY))
      .filter((event) => event.created_at >= (filter.since ?? 0))
      .filter((event) => filter.authors?.includes(event.pubkey) ?? true)
      .filter((event) => ['p', 'd'].every((letter) => isTagged(event, letter, filter)))
      .sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1))
      .slice(0, Math.min(filter.limit ?? 500, 500))
  }

  async destroy(): Promise<void> {}
}

export interface RunningRelay {
  readonly url: string
  readonly port: number
  readonly events: Map<string, Event>
  /** Cuts every connection, as a network does. */
  cut(): void
  /** Says bytes to all who are connected, as text and in binary: what no relay says. */
  babble(bytes: Uint8Array): void
  /** Forgets what expires within so many seconds, as relays do (NIP-40). */
  forget(seconds: number): void
  /** The relay is gone; its events stay for the next start. */
  stop(): Promise<void>
}

export interface RelaySettings {
  /** A port and events of a relay that was stopped. */
  readonly port?: number
  readonly events?: Map<string, Event>
  /** Asks who reads (NIP-42). */
  readonly asks?: boolean
}

export async function startRelay({
  port = 0,
  events,
  asks = false,
}: RelaySettings = {}): Promise<RunningRelay> {
  const repository = new MemoryRepository()
  for (const [id, event] of events ?? []) repository.events.set(id, event)
  const relay = new NostrRelay(repository, {
    logLevel: LogLevel.ERROR,
    filterResultCacheTtl: 0,
    eventHandlingResultCacheTtl: 0,
    ...(asks && { hostname: '127.0.0.1' }),
  })
  const validator = new Validator()
  const server = new WebSocketServer({ port, host: '127.0.0.1' })
  server.on('connection', (socket) => {
    relay.handleConnection(socket, '127.0.0.1')
    socket.on('message', async (data) => {
      try {
        await relay.handleMessage(socket, await validator.validateIncomingMessage(data as Buffer))
      } catch {
        socket.send(JSON.stringify(['NOTICE', 'invalid message']))
      }
    })
    socket.on('close', () => relay.handleDisconnect(socket))
    socket.on('error', () => {})
  })
  await once(server, 'listening')
  const actual = (server.address() as AddressInfo).port
  const cut = (): void => {
    for (const socket of server.clients as Set<WebSocket>) socket.terminate()
  }
  const expires = ({ tags }: Event): number =>
    Number(tags.find(([name]) => name === 'expiration')?.[1] ?? Number.POSITIVE_INFINITY)
  return {
    babble: (bytes) => {
      for (const socket of server.clients as Set<WebSocket>) {
        socket.send(Buffer.from(bytes).toString('latin1'))
        socket.send(bytes)
      }
    },
    forget: (seconds) => {
      for (const event of [...repository.events.values()])
        if (expires(event) < Date.now() / 1000 + seconds) repository.events.delete(event.id)
    },
    url: `ws://127.0.0.1:${actual}`,
    port: actual,
    events: repository.events,
    cut,
    stop: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
      await relay.destroy()
    },
  }
}

export const components = { clock: systemClock, logger: silentLogger }
