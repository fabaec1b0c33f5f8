/** Frames that are passed on and never stored. spec/relay.md section 3.5. */
import { boxName } from '../engine/keys.js'
import { CHANNEL_RETRY_MS } from '../limits.js'
import type { Handlers } from './handler.js'
import { cannotWatch, failure } from './session.js'

const nothing = (): void => {}

export const CHANNEL_HANDLERS: Handlers<'announce' | 'listen'> = {
  announce: ({ context: { engine, clock }, announces }, { request, channel, frame }) => {
    const wait = announces.take(1, clock.now())
    if (wait > 0) return failure(request, 'rate-limited', wait)
    engine.announce(channel, frame)
    return { kind: 'ok', request }
  },
  listen: (session, { request, channel }) => {
    const { context, watching } = session
    const refusal = cannotWatch(session, request)
    if (refusal !== undefined) return refusal
    const stop = context.exchange.listen(boxName(channel), (frame) => {
      // What a slow reader has no room for is gone: a late frame of a call is worth nothing.
      if (!context.blocked()) context.push({ kind: 'heard', request, frame })
    })
    if (stop === undefined) return failure(request, 'limit', CHANNEL_RETRY_MS)
    watching.set(request, { credit: nothing, advance: nothing, stop })
    return { kind: 'ok', request }
  },
}
