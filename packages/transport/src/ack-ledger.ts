/**
 * Which delivery of which carrier may be acknowledged when (spec/transport.md, "Several carriers").
 *
 * Each new frame gets the next merged index; a copy gets the index of the first. Acknowledging index A allows, at
 * each carrier, exactly the longest run of its first deliveries whose indices are all at most A: its
 * acknowledgements are cumulative too, so going further would forget a frame that nobody has taken in.
 *
 * A carrier's deliveries are kept as a queue with rising indices. A delivery whose index does not exceed the last
 * one's joins that entry: it can be acknowledged when that can, and not before.
 */
import type { Delivery } from '@hyphae/core'
import { type FrameMemory, frameMemory } from './frame-memory.js'

export interface AckLedger {
  /** Notes a delivery. Gives its merged index if the frame is new, undefined if it is a copy. */
  arrive(source: number, delivery: Delivery): number | undefined
  /** True when the frame would be a copy. */
  knows(frame: Uint8Array): boolean
  /** Acknowledges up to `index` wherever that is allowed. Rejects when every carrier asked refused. */
  acknowledge(index: number): Promise<void>
}

export interface AckLedgerOptions {
  readonly sources: number
  readonly maxBytes: number
  /** Gives a number higher than all before. */
  readonly nextIndex: () => number
  /** Told of a carrier that refused; it will deliver again. */
  readonly onFailure: (source: number, error: unknown) => void
}

interface Entry {
  readonly index: number
  delivery: Delivery
}

export function createAckLedger(options: AckLedgerOptions): AckLedger {
  const seen: FrameMemory<number> = frameMemory(options.maxBytes)
  const queues: Entry[][] = Array.from({ length: options.sources }, () => [])
  let acknowledged = 0

  /** Acknowledges what is allowed at one carrier; false when there was nothing. */
  const advance = async (source: number): Promise<boolean> => {
    const queue = queues[source] as Entry[]
    let last: Entry | undefined
    while (queue[0] !== undefined && queue[0].index <= acknowledged) last = queue.shift()
    if (last === undefined) return false
    try {
      await last.delivery.ack()
      return true
    } catch (error) {
      queue.unshift(last)
      options.onFailure(source, error)
      throw error
    }
  }

  return {
    arrive: (source, delivery) => {
      const known = seen.get(delivery.frame)
      const index = known ?? options.nextIndex()
      if (known === undefined) seen.set(delivery.frame, index)
      enqueue(queues[source] as Entry[], index, delivery)
      // A copy of what was acknowledged long ago: nobody will ask for it again.
      if (index <= acknowledged) advance(source).catch(() => {})
      return known === undefined ? index : undefined
    },
    knows: (frame) => seen.get(frame) !== undefined,
    acknowledge: async (index) => {
      acknowledged = Math.max(acknowledged, index)
      const results = await Promise.allSettled(queues.map((_, source) => advance(source)))
      const refused = results.filter((result) => result.status === 'rejected')
      const done = results.some((result) => result.status === 'fulfilled' && result.value)
      if (!done && refused[0] !== undefined) throw refused[0].reason
    },
  }
}

function enqueue(queue: Entry[], index: number, delivery: Delivery): void {
  const tail = queue[queue.length - 1]
  if (tail === undefined || index > tail.index) queue.push({ index, delivery })
  else if (delivery.cursor >= tail.delivery.cursor) tail.delivery = delivery
}
