/**
 * Watches: pushes what waits in a box and what comes, oldest first, as far as the peer's credit goes.
 *
 * A watch that has caught up takes a new frame from memory as it is stored; one that is behind reads the store.
 */
import { bucketOf, MAX_WATCH_WINDOW, type StoredFrame } from '@hyphae/transport-relay/wire'
import type { RelayEngine } from '../engine/engine.js'
import { WATCH_READ } from '../limits.js'

export interface Watch {
  readonly box: Uint8Array
  /** A frame of this box became durable; undefined: it has to be read. */
  offer(stored: StoredFrame | undefined): void
  credit(count: number): void
  /** Goes on after the peer has read what waited for it. */
  advance(): void
  stop(): void
}

export interface WatchPeer {
  push(stored: StoredFrame): void
  /** True while the peer has too much unread. */
  blocked(): boolean
  /** The store failed: the watch cannot go on. */
  failed(): void
}

export function createWatch(engine: RelayEngine, box: Uint8Array, window: number, peer: WatchPeer): Watch {
  let sent = 0
  let credit = Math.min(window, MAX_WATCH_WINDOW)
  let behind = true
  let reading = false
  let stopped = false

  const deliver = (stored: StoredFrame): void => {
    peer.push(stored)
    sent = stored.cursor
    credit -= 1
  }
  const ready = (): boolean => !stopped && behind && credit > 0 && !peer.blocked()
  const read = async (): Promise<void> => {
    while (ready()) {
      // What comes while this is read sets it again.
      behind = false
      const page = await engine.fetch(box, sent, Math.min(credit, WATCH_READ))
      if (stopped) return
      for (const stored of page.deliveries) deliver(stored)
      if (page.more) behind = true
    }
  }
  const advance = (): void => {
    if (reading || !ready()) return
    reading = true
    read()
      .catch(() => {
        if (!stopped) peer.failed()
      })
      .finally(() => {
        reading = false
        // Something may have come between the last look and here.
        advance()
      })
  }
  return {
    box,
    offer: (stored) => {
      if (stored !== undefined && stored.cursor <= sent) return
      const caughtUp = !behind && !reading && credit > 0 && !stopped && !peer.blocked()
      if (caughtUp && stored !== undefined) deliver(stored)
      else {
        behind = true
        advance()
      }
    },
    credit: (count) => {
      credit = Math.min(credit + count, MAX_WATCH_WINDOW)
      advance()
    },
    advance,
    stop: () => {
      stopped = true
    },
  }
}

/** Who watches which box, over all connections. */
export interface WatchRegistry {
  add(box: string, watch: Watch): void
  remove(box: string, watch: Watch): void
  watched(box: string): boolean
}

/** Hints come for buckets of this width: what engines that share their state keep apart. */
const INTEREST_BITS = 16

export function createWatchRegistry(engine: RelayEngine): WatchRegistry {
  // A list is never changed: it is replaced, so that walking it costs nothing.
  const byBox = new Map<string, readonly Watch[]>()
  engine.onStored((box, stored) => {
    if (box === undefined)
      for (const watches of byBox.values()) for (const watch of watches) watch.offer(undefined)
    else {
      const watches = byBox.get(box)
      if (watches !== undefined) for (const watch of watches) watch.offer(stored)
    }
  })
  return {
    watched: (box) => byBox.has(box),
    add: (box, watch) => {
      const watches = byBox.get(box)
      byBox.set(box, [...(watches ?? []), watch])
      if (watches === undefined) engine.interest?.(bucketOf(watch.box, INTEREST_BITS), true)
    },
    remove: (box, watch) => {
      const watches = byBox.get(box)
      if (watches === undefined || !watches.includes(watch)) return
      if (watches.length > 1) {
        byBox.set(
          box,
          watches.filter((other) => other !== watch),
        )
        return
      }
      byBox.delete(box)
      engine.interest?.(bucketOf(watch.box, INTEREST_BITS), false)
    },
  }
}
