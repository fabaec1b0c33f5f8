/** `Link` and `Topic` carriers over datagrams: what is lost stays lost, as the port says of both. */
import {
  type Carrier,
  CoreError,
  type IoOptions,
  isFrameSize,
  MAX_FRAME_BYTES,
  type Transport,
} from '@hyphae/core'
import { TestkitError } from '../errors.js'
import { MAX_UNREAD_FRAMES } from '../limits.js'
import type { NodeLife } from './life.js'
import type { SimulatedNetwork } from './network.js'
import { queue } from './queue.js'
import type { Sockets } from './socket.js'

interface PeerFrame {
  readonly peer: string
  readonly frame: Uint8Array
}

/** A transport with both: peers are nodes of the network by name, topics are shared by all of `sockets`. */
export function simulatedLink(network: SimulatedNetwork, all: Sockets, life: NodeLife): Transport {
  return async () => {
    const socket = all.datagrams(life)
    const topics = all.topics(life)
    const closing = new AbortController()
    const frames = queue<PeerFrame>(MAX_UNREAD_FRAMES)
    socket.onReceive((peer, frame) => {
      if (isFrameSize(frame.length)) frames.push({ peer, frame })
    })
    const ready = (options: IoOptions | undefined): void => {
      if (closing.signal.aborted) throw new TestkitError('testkit/closed')
      if (options?.signal?.aborted) throw new CoreError('core/aborted', { cause: options.signal.reason })
    }
    const check = (frame: Uint8Array): void => {
      if (!isFrameSize(frame.length))
        throw new TestkitError('testkit/refused', { details: { bytes: frame.length } })
    }
    const until = (options: IoOptions | undefined): AbortSignal =>
      options?.signal === undefined ? closing.signal : AbortSignal.any([options.signal, closing.signal])
    const close = async (): Promise<void> => {
      closing.abort()
      socket.close()
    }
    const carrier: Carrier = {
      name: `simulated link of ${life.name}`,
      traits: traitsOf(network, life.name),
      link: {
        send: async (peer, frame, options) => {
          ready(options)
          check(frame)
          if (peer === '') throw new TestkitError('testkit/refused')
          await socket.send(peer, frame)
        },
        frames: (options) => frames.read(until(options)),
      },
      topic: {
        publish: async (topic, frame, options) => {
          ready(options)
          check(frame)
          await topics.publish(topic, frame)
        },
        subscribe: (topic, options) => {
          const signal = until(options)
          const heard = queue<Uint8Array>(MAX_UNREAD_FRAMES)
          const leave = topics.subscribe(topic, (_from, bytes) => {
            if (isFrameSize(bytes.length)) heard.push(bytes)
          })
          signal.addEventListener('abort', leave, { once: true })
          return heard.read(signal)
        },
      },
      close,
      [Symbol.asyncDispose]: close,
    }
    return carrier
  }
}

/** Those of the link to a peer that no condition names. */
function traitsOf(network: SimulatedNetwork, name: string): Carrier['traits'] {
  const rules = network.conditions(name, '')
  const { mtu = MAX_FRAME_BYTES, bandwidthBps = 1_000_000_000, delayMs, loss = 0, ordered = false } = rules
  const latencyMs = Array.isArray(delayMs) ? (delayMs[0] + delayMs[1]) / 2 : 0
  return {
    mtu,
    bandwidthBps,
    latencyMs,
    reliable: loss === 0,
    ordered,
    metered: rules.dutyCycle !== undefined,
    privacy: 'direct',
  }
}
