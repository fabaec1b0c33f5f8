/**
 * Watches over two hops: nobody can push to who has no connection, so the relay is asked again and again.
 *
 * Takes the place of the relay's own watches: the same numbers, credits and order. spec/relay-hops.md section 5.
 */
import { type Clock, isHyphaeError } from '@hyphae/core'
import type { PushTarget } from '../call.js'
import { RelayCarrierError } from '../errors.js'
import type { BucketFrame, BucketReply } from '../wire/bucket-replies.js'
import type { DeliveriesReply, StoredFrame } from '../wire/mailbox-replies.js'
import type { Reply } from '../wire/message.js'

/** What lies behind a position, and where to look next. */
export interface Found {
  readonly next: number
  readonly pushes: readonly Reply[]
  readonly more: boolean
}

export interface PollOptions {
  /** Of the watch. */
  readonly request: number
  readonly after: number
  readonly window: number
  readonly target: PushTarget
  readonly clock: Clock
  readonly pollMs: number
  readonly closed: AbortSignal
  /** At most `limit` things. */
  look(after: number, limit: number): Promise<Found>
}

export interface Poll {
  credit(count: number): void
  stop(): void
}

/** Positions rise, or the relay repeats itself. */
function checkRising(after: number, frames: readonly (StoredFrame | BucketFrame)[]): number {
  let last = after
  for (const { cursor } of frames) {
    if (cursor <= last) throw new RelayCarrierError('relay-carrier/malformed')
    last = cursor
  }
  return last
}

export function foundInBox(after: number, request: number, { deliveries, more }: DeliveriesReply): Found {
  const pushes = deliveries.map((stored) => ({ kind: 'pushed', request, ...stored }) as const)
  return { next: checkRising(after, deliveries), pushes, more }
}

export function foundInBucket(after: number, request: number, { frames, more, next }: BucketReply): Found {
  const pushes = frames.map((frame) => ({ kind: 'bucket-pushed', request, ...frame }) as const)
  return { next: Math.max(next, checkRising(after, frames)), pushes, more }
}

interface State {
  credits: number
  after: number
  readonly stopped: AbortController
  wake: () => void
}

/** Rests between two looks, and while the consumer is behind. */
async function rest(state: State, { clock, pollMs }: PollOptions, { pushes, more }: Found): Promise<void> {
  const { signal } = state.stopped
  if (state.credits <= 0)
    await new Promise<void>((resolve) => {
      state.wake = resolve
      if (state.credits > 0 || signal.aborted) resolve()
    })
  else if (pushes.length === 0 && !more) await clock.sleep(pollMs, signal, true).catch(() => {})
}

async function run(options: PollOptions, state: State): Promise<void> {
  const { target, closed, look } = options
  const ended = (): boolean => state.stopped.signal.aborted || closed.aborted
  while (!ended()) {
    try {
      const found = await look(state.after, state.credits)
      if (ended()) return
      state.after = found.next
      state.credits -= found.pushes.length
      for (const push of found.pushes) target.pushed(push)
      await rest(state, options, found)
    } catch (error) {
      if (ended()) return
      const told = isHyphaeError(error)
        ? (error as RelayCarrierError)
        : new RelayCarrierError('relay-carrier/internal')
      target.refused(told)
      return
    }
  }
}

export function startPoll(options: PollOptions): Poll {
  const { window: credits, after } = options
  const state: State = { credits, after, stopped: new AbortController(), wake: () => {} }
  void run(options, state)
  return {
    credit: (count) => {
      state.credits += count
      state.wake()
    },
    stop: () => {
      state.stopped.abort()
      state.wake()
    },
  }
}
