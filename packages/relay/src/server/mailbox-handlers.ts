/** Boxes: open, put, fetch, ack, watch, credit, unwatch. spec/relay.md section 3. */
import { DEFAULT_TTL, NO_TICKET, openProof, type Reply, type Request } from '@hyphae/transport-relay/wire'
import { boxName } from '../engine/keys.js'
import { STORAGE_RETRY_MS } from '../limits.js'
import { deposit } from './deposit-handlers.js'
import type { Handlers } from './handler.js'
import { cannotWatch, failure, type Session, stopWatching, verdict } from './session.js'
import { createWatch } from './watch.js'

function open(session: Session, request: Extract<Request, { kind: 'open' }>): Reply {
  const { crypto, challenge, host, limits } = session.context
  const { box, signature } = request
  if (session.opened.size >= limits.openBoxes) return failure(request.request, 'limit')
  if (host === undefined || !crypto.ed25519.verify(box, openProof(challenge, host, box), signature))
    return failure(request.request, 'bad-proof')
  session.opened.add(boxName(box))
  return { kind: 'ok', request: request.request }
}

function startWatch(session: Session, request: Extract<Request, { kind: 'watch' }>): Reply {
  const { context, watching } = session
  const { request: id, box, window } = request
  const refusal = cannotWatch(session, id)
  if (refusal !== undefined) return refusal
  // A copy: a view would keep the whole message.
  const watch = createWatch(context.engine, box.slice(), window, {
    push: ({ cursor, frame }) => context.push({ kind: 'pushed', request: id, cursor, frame }),
    blocked: context.blocked,
    failed: () => {
      stopWatching(session, id)
      context.push(failure(id, 'storage-failed', STORAGE_RETRY_MS))
    },
  })
  const name = boxName(box)
  const stop = (): void => {
    watch.stop()
    context.watches.remove(name, watch)
  }
  watching.set(id, { credit: watch.credit, advance: watch.advance, stop })
  context.watches.add(name, watch)
  queueMicrotask(watch.advance)
  return { kind: 'ok', request: id }
}

export const MAILBOX_HANDLERS: Handlers<'open' | 'put' | 'fetch' | 'ack' | 'watch' | 'credit' | 'unwatch'> = {
  open,
  put: (session, { request, box, id, frame }) =>
    deposit(session, request, { box, id, frame, ttl: DEFAULT_TTL, ticket: NO_TICKET }),
  fetch: ({ context: { engine } }, { request, box, after, limit }) =>
    engine.fetch(box, after, limit).then((page) => ({ kind: 'deliveries', request, ...page })),
  ack: ({ context: { engine } }, { request, box, cursor }) => verdict(engine.ack(box, cursor), request),
  watch: startWatch,
  credit: ({ watching }, { request, watch, count }) => {
    const subscription = watching.get(watch)
    if (subscription === undefined) return failure(request, 'bad-watch')
    subscription.credit(count)
    return { kind: 'ok', request }
  },
  unwatch: (session, { request, watch }) =>
    stopWatching(session, watch) ? { kind: 'ok', request } : failure(request, 'bad-watch'),
}
