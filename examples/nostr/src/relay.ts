// A relay of somebody else's making (@nostr-relay) on loopback, with its events in memory.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import {
  type Event,
  EventRepository,
  type EventRepositoryUpsertResult,
  type Filter,
  LogLevel,
} from '@nostr-relay/common'
import { NostrRelay } from '@nostr-relay/core'
import { Validator } from '@nostr-relay/validator'
import { WebSocketServer } from 'ws'

const nameOf = ({ tags }: Event): string | undefined => tags.find(([letter]) => letter === 'd')?.[1]

class MemoryRepository extends EventRepository {
  readonly events = new Map<string, Event>()

  isSearchSupported(): boolean {
    return false
  }

  upsert(event: Event): EventRepositoryUpsertResult {
    const isDuplicate = this.events.has(event.id)
    for (const { id, kind, pubkey, tags, created_at } of [...this.events.values()]) {
      const isReplaced = kind >= 30_000 && kind < 40_000 && kind === event.kind && pubkey === event.pubkey
      if (!isReplaced || nameOf({ tags } as Event) !== nameOf(event)) continue
      if (created_at > event.created_at) return { isDuplicate: true }
      this.events.delete(id)
    }
    this.events.set(event.id, event)
    return { isDuplicate }
  }

  find(filter: Filter): Event[] {
    const tagged = (event: Event, letter: string): boolean => {
      const wanted = filter[`#${letter}` as '#p']
      return (
        wanted === undefined ||
        event.tags.some(([name, value]) => name === letter && wanted.includes(value ?? ''))
      )
    }
    return [...this.events.values()]
      .filter(({ id }) => filter.ids?.includes(id) ?? true)
      .filter(({ kind }) => filter.kinds?.includes(kind) ?? true)
      .filter(({ pubkey }) => filter.authors?.includes(pubkey) ?? true)
      .filter(
        ({ created_at }) => created_at <= (filter.until ?? Infinity) && created_at >= (filter.since ?? 0),
      )
      .filter((event) => tagged(event, 'p') && tagged(event, 'd'))
      .sort((a, b) => b.created_at - a.created_at)
      .slice(0, Math.min(filter.limit ?? 500, 500))
  }

  async destroy(): Promise<void> {}
}

export interface LocalRelay {
  readonly url: string
  readonly events: ReadonlyMap<string, Event>
  stop(): Promise<void>
}

export async function startRelay(): Promise<LocalRelay> {
  const repository = new MemoryRepository()
  const relay = new NostrRelay(repository, { logLevel: LogLevel.ERROR })
  const validator = new Validator()
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
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
  })
  await once(server, 'listening')
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    events: repository.events,
    stop: async () => {
      for (const socket of server.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
      await relay.destroy()
    },
  }
}
