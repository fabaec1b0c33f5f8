/** The one reader of messages(), whose place is durable. */
import type { NodeContext } from './context.js'
import { deferred } from './deferred.js'
import { MessengerError } from './errors.js'
import { type IncomingMessage, readMessages } from './log.js'

/** Time for a waiting reader to write its place at closing. */
const READER_GRACE_MS = 250

export interface Readers {
  start(signal?: AbortSignal): AsyncIterableIterator<IncomingMessage>
  /** Ends the reader where it waits, so that its place is kept before the store closes. */
  stop(): Promise<void>
}

/** One reader at a time, since its place is durable. */
export function createReaders(context: NodeContext): Readers {
  let active: { stop: AbortController; ended: Promise<void> } | undefined
  return {
    start: (signal) => {
      if (active !== undefined) throw new MessengerError('messenger/already-reading')
      const stop = new AbortController()
      const end = deferred()
      active = { stop, ended: end.promise }
      const until = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal])
      return (async function* () {
        try {
          yield* readMessages(context, until)
        } finally {
          active = undefined
          end.resolve()
        }
      })()
    },
    stop: async () => {
      active?.stop.abort()
      // A reader in the middle of handling a message does not come back by itself: its message is offered again.
      await Promise.race([active?.ended, context.clock.sleep(READER_GRACE_MS)])
    },
  }
}
