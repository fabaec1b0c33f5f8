/**
 * A watch of a bucket: pushes what comes into it, or says that something has. spec/relay.md section 3.3.
 *
 * Either takes one credit. What the relay knows of the peer's progress is where its last read ended.
 */
import { MAX_WATCH_WINDOW } from '@hyphae/transport-relay/wire'
import type { BoxFrame, BucketPage } from '../engine/engine.js'
import { WATCH_READ } from '../limits.js'
import type { Subscription } from './session.js'

export interface BucketPeer {
  push(frame: BoxFrame): void
  wake(): void
  blocked(): boolean
  /** The store failed: the watch cannot go on. */
  failed(): void
}

export interface BucketWatch extends Subscription {
  /** Something came into the bucket, or may have; with it where nothing lies between it and the one before. */
  wake(frame?: BoxFrame): void
}

/** Says at the start and whenever something came that the peer should look; again only after the next credit. */
export function createWaker(window: number, peer: BucketPeer): BucketWatch {
  let credit = Math.min(window, MAX_WATCH_WINDOW)
  let news = true
  let stopped = false
  const advance = (): void => {
    if (!news || credit === 0 || stopped || peer.blocked()) return
    news = false
    credit -= 1
    peer.wake()
  }
  return {
    wake: () => {
      news = true
      advance()
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

/** Pushes the frames themselves, oldest first, from `after` on. */
export function createPusher(
  read: (after: number, limit: number) => Promise<BucketPage>,
  after: number,
  window: number,
  peer: BucketPeer,
): BucketWatch {
  let next = after
  let credit = Math.min(window, MAX_WATCH_WINDOW)
  let behind = true
  let reading = false
  let stopped = false
  const ready = (): boolean => !stopped && behind && credit > 0 && !peer.blocked()
  const readOn = async (): Promise<void> => {
    while (ready()) {
      // What comes while this is read sets it again.
      behind = false
      const page = await read(next, Math.min(credit, WATCH_READ))
      if (stopped) return
      for (const frame of page.frames) peer.push(frame)
      credit -= page.frames.length
      next = page.next
      if (page.more) behind = true
    }
  }
  const advance = (): void => {
    if (reading || !ready()) return
    reading = true
    readOn()
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
    wake: (frame) => {
      if (frame !== undefined && frame.cursor <= next) return
      const caughtUp = !behind && !reading && credit > 0 && !stopped && !peer.blocked()
      if (caughtUp && frame !== undefined) {
        next = frame.cursor
        credit -= 1
        peer.push(frame)
      } else {
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
