/**
 * Watches over two hops: nobody can push to who has no connection, so the box is asked again and again.
 *
 * Takes the place of the relay's own watch: the same numbers, credits and order. spec/relay-hops.md section 5.
 */
import { type BoxKey, type Clock, isHyphaeError } from '@hyphae/core'
import type { PushTarget } from '../call.js'
import { RelayCarrierError } from '../errors.js'
import type { WatchRequest } from '../wire/mailbox-requests.js'
import type { DeliveriesReply } from '../wire/replies.js'

export interface PollContext {
  readonly clock: Clock
  readonly pollMs: number
  readonly closed: AbortSignal
  fetch(box: BoxKey, after: number, limit: number): Promise<DeliveriesReply>
}

export interface Poll {
  credit(count: number): void
  stop(): void
}

interface State {
  credits: number
  after: number
  readonly stopped: AbortController
  wake: () => void
}

function hand(state: State, target: PushTarget, request: number, { deliveries }: DeliveriesReply): void {
  for (const { cursor, frame } of deliveries) {
    if (cursor <= state.after) throw new RelayCarrierError('relay-carrier/malformed')
    state.after = cursor
    state.credits -= 1
    target.pushed({ kind: 'pushed', request, cursor, frame })
  }
}

/** Rests between two looks, and while the consumer is behind. */
async function rest(state: State, { clock, pollMs }: PollContext, found: boolean): Promise<void> {
  const { signal } = state.stopped
  if (state.credits === 0)
    await new Promise<void>((resolve) => {
      state.wake = resolve
      if (state.credits > 0 || signal.aborted) resolve()
    })
  else if (!found) await clock.sleep(pollMs, signal, true).catch(() => {})
}

async function run(
  context: PollContext,
  state: State,
  { request, box, target }: { readonly request: number; readonly box: BoxKey; readonly target: PushTarget },
): Promise<void> {
  while (!state.stopped.signal.aborted && !context.closed.aborted) {
    try {
      const page = await context.fetch(box, state.after, state.credits)
      if (state.stopped.signal.aborted) return
      hand(state, target, request, page)
      await rest(state, context, page.deliveries.length > 0)
    } catch (error) {
      if (state.stopped.signal.aborted || context.closed.aborted) return
      const told = isHyphaeError(error)
        ? (error as RelayCarrierError)
        : new RelayCarrierError('relay-carrier/internal')
      target.refused(told)
      return
    }
  }
}

export function startPoll(context: PollContext, watch: WatchRequest, box: BoxKey, target: PushTarget): Poll {
  const state: State = { credits: watch.window, after: 0, stopped: new AbortController(), wake: () => {} }
  const { request } = watch
  void run(context, state, { request, box, target })
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
