/** A relay that says what a test tells it to, over a real WebSocket on loopback. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

export interface ScriptedRelay {
  readonly url: string
  /** Everything clients said, in order. */
  readonly heard: unknown[][]
  readonly connections: () => number
  stop(): Promise<void>
}

export type Say = (...message: unknown[]) => void

/** `answer` is called with each message of a client; `greet` with each connection. */
export async function scriptedRelay(
  answer: (message: unknown[], say: Say, socket: WebSocket) => void,
  greet: (say: Say) => void = () => {},
): Promise<ScriptedRelay> {
  const heard: unknown[][] = []
  let connections = 0
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket) => {
    connections += 1
    const say: Say = (...message) => socket.send(JSON.stringify(message))
    socket.on('error', () => {})
    socket.on('message', (data) => {
      const message = JSON.parse(String(data))
      heard.push(message)
      answer(message, say, socket)
    })
    greet(say)
  })
  await once(server, 'listening')
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    connections: () => connections,
    stop: async () => {
      for (const socket of server.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
