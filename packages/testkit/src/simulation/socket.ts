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

/** Resolves at the time the datagram has left. */
function carry(
  network: SimulatedNetwork,
  life: NodeLife,
  to: string,
  datagram: { readonly bytes: Uint8Array; readonly what: string },
  arrive: () => void,
): Promise<void> {
  if (!life.alive) return new Promise(() => {})
  const { length } = datagram.bytes
  const what = `${datagram.what} ${length} B`
  const { leftAt } = network.send({ from: life.name, to, bytes: length, what }, arrive)
  const waitMs = leftAt - network.simulation.clock.now()
  return waitMs > 0 ? new Promise((resolve) => life.after(waitMs, resolve)) : Promise.resolve()
}

function datagramSocket(
  network: SimulatedNetwork,
  bound: Map<string, Bound>,
  life: NodeLife,
): DatagramSocket {
  const mine: Bound = { life, receive: undefined }
  bound.set(life.name, mine)
  return {
    send: async (to, bytes) => {
      const copy = bytes.slice()
      await carry(network, life, to, { bytes: copy, what: 'datagram' }, () => {
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
}

interface Subscriber {
  readonly life: NodeLife
  readonly receive: Receive
}

function topicSocket(
  network: SimulatedNetwork,
  subscribers: Map<string, Set<Subscriber>>,
  life: NodeLife,
): TopicSocket {
  const groupOf = (topic: Uint8Array): Set<Subscriber> => {
    const group = subscribers.get(toHex(topic)) ?? new Set()
    subscribers.set(toHex(topic), group)
    return group
  }
  return {
    publish: async (topic, bytes) => {
      const copy = bytes.slice()
      const group = groupOf(topic)
      for (const entry of group) if (!entry.life.alive) group.delete(entry)
      const others = [...group].filter((other) => other.life.name !== life.name)
      const sent = others.map((other) =>
        carry(network, life, other.life.name, { bytes: copy, what: 'topic' }, () => {
          if (other.life.alive) other.receive(life.name, copy.slice())
        }),
      )
      await Promise.all(sent)
    },
    subscribe: (topic, receive) => {
      const entry = { life, receive }
      const group = groupOf(topic).add(entry)
      return () => void group.delete(entry)
    },
  }
}

export function sockets(network: SimulatedNetwork): Sockets {
  const bound = new Map<string, Bound>()
  const subscribers = new Map<string, Set<Subscriber>>()
  return {
    datagrams: (life) => datagramSocket(network, bound, life),
    topics: (life) => topicSocket(network, subscribers, life),
  }
}
