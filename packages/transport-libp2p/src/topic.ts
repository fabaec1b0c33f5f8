/**
 * The Topic port over gossip (spec/libp2p.md, "Topics"): for wake-ups and announcements. Who does not know a topic's name
 * reads nothing of it; each publishing is signed by its node, and what does not open is not passed on.
 */
import { type IoOptions, type Topic, toHex } from '@hyphae/core'
import { type GossipSub, type Message, TopicValidatorResult } from '@libp2p/gossipsub'
import { aborted } from './abort.js'
import { Libp2pError } from './errors.js'
import { MAX_REMEMBERED_PUBLISHINGS, MAX_TOPICS, MAX_UNHEARD_FRAMES } from './limits.js'
import { NONCE_BYTES, openWith, sealPublishing, type TopicCrypto, topicKey, topicName } from './publishing.js'

export interface TopicContext {
  readonly crypto: TopicCrypto
  readonly gossip: GossipSub
  /** Fires when the carrier closes. */
  readonly closed: AbortSignal
}

interface Heard {
  readonly key: Uint8Array
  readonly listeners: Set<(frame: Uint8Array) => void>
}

export function createTopic(context: TopicContext): Topic {
  const { crypto, gossip, closed } = context
  const topics = new Map<string, Heard>()
  const seen = new Set<string>()
  gossip.addEventListener('gossipsub:message', ({ detail: { msg } }) => {
    const heard = topics.get(msg.topic)
    const frame = heard === undefined ? null : openWith(crypto, heard.key, msg.data)
    if (heard === undefined || frame === null || !remember(seen, msg.data)) return
    for (const listener of heard.listeners) listener(frame.slice())
  })
  return {
    publish: async (topic, frame, options) => {
      check(closed, options)
      const publishing = sealPublishing(crypto, topic, frame)
      await gossip.publish(topicName(crypto, topic), publishing)
    },
    subscribe: (topic, options) => subscribe(context, topics, topic, options),
  }
}

function check(closed: AbortSignal, options: IoOptions | undefined): void {
  if (closed.aborted) throw new Libp2pError('libp2p/closed')
  if (options?.signal?.aborted) throw aborted(options.signal)
}

/** False for a publishing that was heard before, also when gossip itself has forgotten it. */
function remember(seen: Set<string>, publishing: Uint8Array): boolean {
  const name = toHex(publishing.subarray(0, NONCE_BYTES))
  if (seen.has(name)) return false
  seen.add(name)
  if (seen.size > MAX_REMEMBERED_PUBLISHINGS) seen.delete(seen.values().next().value as string)
  return true
}

async function* subscribe(
  context: TopicContext,
  topics: Map<string, Heard>,
  topic: Uint8Array,
  options: IoOptions | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { crypto, gossip, closed } = context
  const stop = options?.signal === undefined ? closed : AbortSignal.any([options.signal, closed])
  if (stop.aborted) return
  const name = topicName(crypto, topic)
  const waiting: Uint8Array[] = []
  let wake = (): void => {}
  const listener = (frame: Uint8Array): void => {
    waiting.push(frame)
    if (waiting.length > MAX_UNHEARD_FRAMES) waiting.shift()
    wake()
  }
  const end = (): void => wake()
  join(crypto, gossip, topics, name, topic).listeners.add(listener)
  stop.addEventListener('abort', end)
  try {
    while (!stop.aborted) {
      const frame = waiting.shift()
      if (frame !== undefined) yield frame
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    stop.removeEventListener('abort', end)
    leave(context, topics, name, listener)
  }
}

function join(
  crypto: TopicCrypto,
  gossip: GossipSub,
  topics: Map<string, Heard>,
  name: string,
  topic: Uint8Array,
): Heard {
  const known = topics.get(name)
  if (known !== undefined) return known
  if (topics.size >= MAX_TOPICS)
    throw new Libp2pError('libp2p/full', { details: { topics: topics.size, limit: MAX_TOPICS } })
  const key = topicKey(crypto, topic)
  const heard: Heard = { key, listeners: new Set() }
  topics.set(name, heard)
  gossip.topicValidators.set(name, (_peer, { data }: Message) =>
    openWith(crypto, key, data) === null ? TopicValidatorResult.Reject : TopicValidatorResult.Accept,
  )
  gossip.subscribe(name)
  return heard
}

function leave(
  { gossip, closed }: TopicContext,
  topics: Map<string, Heard>,
  name: string,
  listener: (frame: Uint8Array) => void,
): void {
  const heard = topics.get(name)
  heard?.listeners.delete(listener)
  if (heard === undefined || heard.listeners.size > 0) return
  topics.delete(name)
  gossip.topicValidators.delete(name)
  if (!closed.aborted) gossip.unsubscribe(name)
}
