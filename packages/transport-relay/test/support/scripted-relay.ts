/** A WebSocket server that answers as a test says: for relays that lie, stall or vanish. */
import type { AddressInfo } from 'node:net'
import { decodeRequests, encodeReplies, type Reply, type Request } from '@hyphae/transport-relay/wire'
import { type WebSocket, WebSocketServer } from 'ws'

export interface Peer {
  readonly ws: WebSocket
  /** Every request in the order received. */
  readonly requests: Request[]
  /** How many requests each message held. */
  readonly batches: number[]
  reply(...replies: Reply[]): void
}

export interface Script {
  connected?(peer: Peer): void
  /** Answers one request; undefined leaves it unanswered. */
  answer?(request: Request, peer: Peer): Reply | undefined
}

export interface ScriptedRelay {
  readonly url: string
  readonly port: number
  readonly peers: Peer[]
  close(): Promise<void>
}

export const CHALLENGE: Uint8Array = new Uint8Array(32).fill(7)

export function hello(peer: Peer): void {
  peer.reply({ kind: 'hello', request: 0, challenge: CHALLENGE })
}

/** Says ok to what expects it, and nothing is there for the rest. */
export function agreeable(request: Request): Reply | undefined {
  const nothing = new Uint8Array(0)
  const id = { request: request.request }
  switch (request.kind) {
    case 'fetch':
      return { kind: 'deliveries', ...id, more: false, deliveries: [] }
    case 'lookup':
      return { kind: 'records', ...id, records: [] }
    case 'take':
      return { kind: 'item', ...id, found: 'none', item: nothing }
    case 'remaining':
      return { kind: 'count', ...id, value: 0 }
    case 'blob-get':
      return { kind: 'blob', ...id, found: false, data: nothing }
    case 'blob-has':
      return { kind: 'flag', ...id, value: false }
    default:
      return { kind: 'ok', ...id }
  }
}

function accept(ws: WebSocket, script: Script): Peer {
  const peer: Peer = {
    ws,
    requests: [],
    batches: [],
    reply: (...replies) => ws.send(encodeReplies(replies)),
  }
  ws.on('error', () => {})
  ws.on('message', (data) => {
    const requests = decodeRequests(data as Buffer) as Request[]
    peer.batches.push(requests.length)
    peer.requests.push(...requests)
    const answers = requests.map((request) => (script.answer ?? agreeable)(request, peer))
    const given = answers.filter((reply) => reply !== undefined)
    if (given.length > 0) peer.reply(...given)
  })
  ;(script.connected ?? hello)(peer)
  return peer
}

export async function startScripted(script: Script = {}, port = 0): Promise<ScriptedRelay> {
  const server = new WebSocketServer({ port, host: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  const peers: Peer[] = []
  server.on('connection', (ws) => peers.push(accept(ws, script)))
  const taken = (server.address() as AddressInfo).port
  return {
    url: `ws://127.0.0.1:${taken}`,
    port: taken,
    peers,
    close: () => {
      for (const client of server.clients) client.terminate()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** A port that nothing listens on. */
export async function closedPort(): Promise<number> {
  const relay = await startScripted()
  await relay.close()
  return relay.port
}
