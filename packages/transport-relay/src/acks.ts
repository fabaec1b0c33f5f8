/** Acknowledgements: cumulative, so one request at a time and box carries all that were made meanwhile. */
import { type BoxKey, toHex } from '@hyphae/core'
import { type Deferred, deferred } from './call.js'
import type { Dialer } from './dialer.js'

interface BoxAcks {
  readonly box: BoxKey
  /** On its way; 0 when none is. */
  sent: number
  /** The next request, not sent yet. */
  next: { cursor: number; readonly done: Deferred<void> } | undefined
}

export interface Acks {
  acknowledge(box: BoxKey, cursor: number): Promise<void>
  /** Up to here acknowledgements of the box are on their way: what the relay repeats is not news. */
  pending(box: BoxKey): number
}

async function run(acks: Map<string, BoxAcks>, name: string, entry: BoxAcks, dialer: Dialer): Promise<void> {
  // Everything acknowledged in this turn goes into the first request.
  await Promise.resolve()
  while (entry.next !== undefined) {
    const { cursor, done } = entry.next
    entry.next = undefined
    entry.sent = cursor
    try {
      const ask = { kind: 'ack', box: entry.box.id, cursor } as const
      await dialer.call(ask, 'ok', { box: entry.box, repeatable: true })
      done.resolve()
    } catch (error) {
      done.reject(error)
    }
  }
  acks.delete(name)
}

export function createAcks(dialer: Dialer): Acks {
  const byBox = new Map<string, BoxAcks>()
  return {
    acknowledge: (box, cursor) => {
      const name = toHex(box.id)
      const known = byBox.get(name)
      const entry: BoxAcks = known ?? { box, sent: 0, next: undefined }
      entry.next ??= { cursor: 0, done: deferred() }
      entry.next.cursor = Math.max(entry.next.cursor, cursor)
      const { promise } = entry.next.done
      if (known === undefined) {
        byBox.set(name, entry)
        void run(byBox, name, entry, dialer)
      }
      return promise
    },
    pending: (box) => {
      const entry = byBox.get(toHex(box.id))
      return entry === undefined ? 0 : Math.max(entry.sent, entry.next?.cursor ?? 0)
    },
  }
}
