/** The Topic of a memory network: who listens hears, best effort and without memory (spec/transport.md, "Topics"). */
import { isFrameSize, type Topic, toHex } from '@hyphae/core'
import { TransportError } from './errors.js'
import { MAX_UNHEARD_FRAMES } from './limits.js'
import { ready } from './memory-mailbox.js'
import { createNotifier } from './notifier.js'

/** What all carriers of one network share: who listens where. */
export type TopicTable = Map<string, Set<(frame: Uint8Array) => void>>

export function createTopicTable(): TopicTable {
  return new Map()
}

/** `closed` fires when the carrier closes. */
export function memoryTopic(table: TopicTable, closed: AbortSignal): Topic {
  return {
    publish: async (topic, frame, options) => {
      ready({ closed }, options)
      if (!isFrameSize(frame.length))
        throw new TransportError('transport/bad-frame', { details: { bytes: frame.length } })
      for (const hear of table.get(toHex(topic)) ?? []) hear(frame.slice())
    },
    subscribe: (topic, options) => {
      const stop = options?.signal === undefined ? closed : AbortSignal.any([options.signal, closed])
      return subscribe(table, toHex(topic), stop)
    },
  }
}

async function* subscribe(
  table: TopicTable,
  name: string,
  stop: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const waiting: Uint8Array[] = []
  const changed = createNotifier()
  const hear = (frame: Uint8Array): void => {
    waiting.push(frame)
    if (waiting.length > MAX_UNHEARD_FRAMES) waiting.shift()
    changed.wake()
  }
  const hearers = table.get(name) ?? new Set()
  table.set(name, hearers.add(hear))
  try {
    while (!stop.aborted) {
      const frame = waiting.shift()
      if (frame === undefined) await changed.wait(stop)
      else yield frame
    }
  } finally {
    hearers.delete(hear)
    if (hearers.size === 0 && table.get(name) === hearers) table.delete(name)
  }
}
