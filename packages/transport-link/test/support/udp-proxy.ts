/** A wire for datagrams that can be cut, and that loses, doubles and delays what its plan says. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Wire } from '../../../testkit/test/support/wire.js'

/** How often, 0 to 1, drawn from `random`. */
export interface Plan {
  readonly random: () => number
  readonly loss: number
  readonly doubled: number
  /** Held back for up to this long, so that others overtake it. */
  readonly delayMs: number
}

const STEADY: Plan = { random: () => 1, loss: 0, doubled: 0, delayMs: 0 }

export async function startUdpProxy(port: number, plan: Plan = STEADY): Promise<Wire> {
  const near = createSocket('udp4')
  const ways = new Map<number, Socket>()
  let stopped = false
  const pass = (send: () => void): void => {
    if (plan.random() < plan.loss) return
    const copies = plan.random() < plan.doubled ? 2 : 1
    for (let i = 0; i < copies; i++) {
      if (plan.delayMs === 0) send()
      else setTimeout(() => stopped || send(), plan.random() * plan.delayMs)
    }
  }
  const wayOf = (from: number): Socket => {
    const known = ways.get(from)
    if (known !== undefined) return known
    const way = createSocket('udp4')
    way.on('error', () => {})
    way.on('message', (bytes) => pass(() => near.send(bytes, from, '127.0.0.1', () => {})))
    ways.set(from, way)
    return way
  }
  near.on('message', (bytes, { port: from }) =>
    pass(() => wayOf(from).send(bytes, port, '127.0.0.1', () => {})),
  )
  near.bind(0, '127.0.0.1')
  await once(near, 'listening')
  const cut = (): void => {
    for (const way of ways.values()) way.close()
    ways.clear()
  }
  return {
    port: near.address().port,
    cut,
    stop: async () => {
      stopped = true
      cut()
      await new Promise<void>((resolve) => near.close(() => resolve()))
    },
  }
}
