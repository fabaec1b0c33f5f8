/**
 * A watch of one box: what waits in it and what comes.
 *
 * On each new connection it starts again at the oldest frame that is not acknowledged.
 */
import type { BoxKey, Delivery } from '@hyphae/core'
import type { Acks } from './acks.js'
import { type FeedContext, openFeed } from './feed.js'
import { WATCH_WINDOW } from './limits.js'

export interface WatchContext extends FeedContext {
  readonly acks: Acks
}

export function watchBox(
  context: WatchContext,
  box: BoxKey,
  signal: AbortSignal | undefined,
): AsyncIterable<Delivery> {
  const { acks } = context
  return openFeed(
    context,
    {
      box,
      pushes: 'pushed',
      window: WATCH_WINDOW,
      ask: () => ({ kind: 'watch', box: box.id, window: WATCH_WINDOW }),
      take: ({ cursor, frame }): Delivery | undefined =>
        cursor <= acks.pending(box)
          ? undefined
          : { cursor, frame: frame.slice(), ack: () => acks.acknowledge(box, cursor) },
    },
    signal,
  )
}
