/**
 * Datagrams for one life of a node: send, receive, and topics without memory. The lowest level a harness can
 * use; `Link` and `Topic` carriers are made from it.
 */
import { toHex } from '@hyphae/core'
import type { NodeLife } from './life.js'
import type { SimulatedNetwork } from './network.js'

export type Receive = (from: string, bytes: Uint8Array) => void

export interface DatagramSocket {
  /**
   * Resolves when the last bit has left, which says nothing about arriving.
   * @throws TestkitError `testkit/refused` above the MTU, `testkit/full`
   */
  send(to: string, bytes: Uint8Array): Promise<void>
  /** Replaces the receiver; there is one. */
  onReceive(receive: Receive): void
  close(): void
}

export interface TopicSocket {
  /** A datagram to everybody who subscribes now, each over its own link. */
  publish(topic: Uint8Array, bytes: Uint8Array): Promise<void>
  subscribe(topic: Uint8Array, receive: Receive): () => void
}

interface Bound {
  readonly life: NodeLife
  receive: Receive | undefined
}

/** All sockets of one network. */
export interface Sockets {
  datagrams(life: NodeLife): DatagramSocket
  topics(life: NodeLife): TopicSocket
}

export function sockets(network: SimulatedNetwork): Sockets {
  const bound = new Map<string, Bound>()
  const subscribers = new Map<string, Set<{ readonly life: NodeLife; readonly receive: Receive }>>()

  /** Resolves at the time the datagram has left. */
  const carry = (
    life: NodeLife,
    to: string,
    bytes: Uint8Array,
    what: string,
    arrive: () => void,
  ): Promise<void> => {
    if (!life.alive) return new Promise(() => {})
    const datagram = { from: life.name, to, bytes: bytes.length, what: `${what} ${bytes.length} B` }
    const { leftAt } = network.send(datagram, arrive)
    const waitMs = leftAt - network.simulation.clock.now()
    return waitMs > 0 ? new Promise((resolve) => life.after(waitMs, resolve)) : Promise.resolve()
  }
  return {
    datagrams: (life) => {
      const mine: Bound = { life, receive: undefined }
      bound.set(life.name, mine)
      return {
        send: async (to, bytes) => {
          const copy = bytes.slice()
          await carry(life, to, copy, 'datagram', () => {
            const target = bound.get(to)
            if (target?.life.alive) target.receive?.(life.name, copy.slice())
          })
        },
        onReceive: (receive) => {
          mine.receive = receive
        },
        close: () => {
          if (bound.get(life.name) === mine) bound.delete(life.name)
        },
      }
    },
    topics: (life) => ({
      publish: async (topic, bytes) => {
        const copy = bytes.slice()
        const group = subscribers.get(toHex(topic)) ?? new Set()
        for (const entry of group) if (!entry.life.alive) group.delete(entry)
        const targets = [...group].filter((other) => other.life.name !== life.name)
        const sent = targets.map((target) =>
          carry(life, target.life.name, copy, 'topic', () => {
            if (target.life.alive) target.receive(life.name, copy.slice())
          }),
        )
        await Promise.all(sent)
      },
      subscribe: (topic, receive) => {
        const name = toHex(topic)
        const group = subscribers.get(name) ?? new Set()
        const entry = { life, receive }
        subscribers.set(name, group.add(entry))
        return () => void group.delete(entry)
      },
    }),
  }
}
