/**
 * Mailboxes in memory (spec/transport.md, "Mailboxes"): one frame per id, cursors that rise, cumulative
 * acknowledgement. Knows nothing of who calls: proofs are checked before.
 */
import { isFrameSize, KEY_BYTES, type MailboxPut, toHex } from '@hyphae/core'
import { TransportError } from './errors.js'
import { MAX_BOX_FRAMES, MAX_REMEMBERED_IDS } from './limits.js'
import { createNotifier, type Notifier } from './notifier.js'

const ID_BYTES = 16

export interface BoxItem {
  readonly cursor: number
  readonly frame: Uint8Array
}

export interface MemoryBox {
  /** Oldest first. */
  readonly items: readonly BoxItem[]
  readonly changed: Notifier
  has(id: Uint8Array): boolean
  put(id: Uint8Array, frame: Uint8Array): void
  /** Forgets everything up to and including `cursor`. */
  acknowledge(cursor: number): void
  /** The oldest item after `cursor`. */
  after(cursor: number): BoxItem | undefined
}

export function createMemoryBox(): MemoryBox {
  let items: BoxItem[] = []
  let lastCursor = 0
  /** Every id that waits, then the last that were acknowledged, in order of arrival. */
  const ids = new Set<string>()
  const changed = createNotifier()

  const forgetIds = (): void => {
    for (const id of ids) {
      if (ids.size <= items.length + MAX_REMEMBERED_IDS) return
      ids.delete(id)
    }
  }
  return {
    get items() {
      return items
    },
    changed,
    has: (id) => ids.has(toHex(id)),
    put: (id, frame) => {
      const name = toHex(id)
      if (ids.has(name)) return
      ids.add(name)
      lastCursor += 1
      items.push({ cursor: lastCursor, frame: frame.slice() })
      changed.wake()
    },
    acknowledge: (cursor) => {
      const first = firstAfter(items, cursor)
      if (first === 0) return
      items = items.slice(first)
      forgetIds()
    },
    after: (cursor) => items[firstAfter(items, cursor)],
  }
}

/** Refuses what no carrier takes, before anything is stored. @throws TransportError `transport/bad-frame` */
export function checkPuts(puts: readonly MailboxPut[]): void {
  for (const { box, id, frame } of puts)
    if (box.length !== KEY_BYTES || id.length !== ID_BYTES || !isFrameSize(frame.length))
      throw new TransportError('transport/bad-frame', {
        details: { boxBytes: box.length, idBytes: id.length, frameBytes: frame.length },
      })
}

/** Stores all frames for one box or none. @throws TransportError `transport/full` */
export function putAll(box: MemoryBox, puts: readonly MailboxPut[]): void {
  const fresh = puts.filter(({ id }) => !box.has(id))
  if (box.items.length + fresh.length > MAX_BOX_FRAMES)
    throw new TransportError('transport/full', {
      details: { frames: box.items.length, limit: MAX_BOX_FRAMES },
    })
  for (const { id, frame } of fresh) box.put(id, frame)
}

/** Index of the first item after `cursor`; cursors rise, so it is found by halving. */
function firstAfter(items: readonly BoxItem[], cursor: number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((items[middle] as BoxItem).cursor <= cursor) low = middle + 1
    else high = middle
  }
  return low
}
