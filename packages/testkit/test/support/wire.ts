/** A wire that can be cut: passes TCP connections on to `target`, until it is told to break them. */
import { once } from 'node:events'
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net'

export interface Wire {
  readonly port: number
  /** Breaks every connection there is; new ones are passed on. */
  cut(): void
  stop(): Promise<void>
}

export async function startWire(target: NetConnectOpts): Promise<Wire> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const onward = connect(target)
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as { port: number }).port,
    cut,
    stop: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
