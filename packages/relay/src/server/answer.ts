/** Exactly one answer to each request: who answers what, and what has to be true before. spec/relay.md section 2. */
import { describeFields, type Reply, type Request, type UnknownRequest } from '@hyphae/transport-relay/wire'
import { boxName } from '../engine/keys.js'
import { hopHandlers } from '../hops/handlers.js'
import { BUCKET_FRAMES_PER_COST, MAX_BUCKET_PAGE, RECORD_BUCKET_COST } from '../limits.js'
import { PAYMENT_HANDLERS } from '../payment/handlers.js'
import { PUSH_HANDLERS } from '../push/handlers.js'
import { BUCKET_HANDLERS } from './bucket-handlers.js'
import { CHANNEL_HANDLERS } from './channel-handlers.js'
import { DEPOSIT_HANDLERS } from './deposit-handlers.js'
import { describeRelay } from './description.js'
import { BLOB_HANDLERS, DIRECTORY_HANDLERS } from './directory-handlers.js'
import type { Handler } from './handler.js'
import { LOG_HANDLERS } from './log-handlers.js'
import { MAILBOX_HANDLERS } from './mailbox-handlers.js'
import { RECORD_BUCKET_HANDLERS } from './record-bucket-handlers.js'
import { failure, type Session } from './session.js'

type Kind = Request['kind']

/** Kinds that are not here are answered as if the relay did not know them. */
const HANDLERS: { readonly [K in Kind]?: Handler<K> } = {
  ...MAILBOX_HANDLERS,
  ...DIRECTORY_HANDLERS,
  ...BLOB_HANDLERS,
  ...DEPOSIT_HANDLERS,
  ...BUCKET_HANDLERS,
  ...RECORD_BUCKET_HANDLERS,
  ...LOG_HANDLERS,
  ...CHANNEL_HANDLERS,
  ...PAYMENT_HANDLERS,
  ...PUSH_HANDLERS,
  // A function: what is sealed is answered by this very table.
  ...hopHandlers((session, request) => answer(session, request)),
  ping: (_session, { request }) => ({ kind: 'ok', request }),
  describe: async (session, { request }) => ({
    kind: 'description',
    request,
    fields: describeFields(await describeRelay(session, Object.keys(HANDLERS) as Kind[])),
  }),
}

/** Signature checks, items, buckets and logs cost more than the rest. */
const COSTLY: ReadonlySet<string> = new Set([
  'open',
  'publish',
  'stock',
  'take',
  'set-terms',
  'bucket-watch',
  'log-append',
  'blob-deposit',
  'log-deposit',
  'stock-deposit',
  'pay-open',
  'pay-voucher',
  'pay-link',
  'pay-order',
])
/** What asks for an open box or log, and the name under which it says which. */
const OWNED: ReadonlyMap<string, 'box' | 'log'> = new Map([
  ['fetch', 'box'],
  ['ack', 'box'],
  ['watch', 'box'],
  ['set-terms', 'box'],
  ['push-register', 'box'],
  ['push-unregister', 'box'],
  ['log-append', 'log'],
  ['log-deposit', 'log'],
  ['log-read', 'log'],
] as const)

/** In signature checks. */
function costOf(request: Request | UnknownRequest): number {
  if (request.kind === 'deposit') return request.ticket.kind === 'none' ? 0 : 1
  if (request.kind === 'bucket-fetch')
    return 1 + Math.floor(Math.min(request.limit, MAX_BUCKET_PAGE) / BUCKET_FRAMES_PER_COST)
  if (request.kind === 'record-bucket') return RECORD_BUCKET_COST
  return COSTLY.has(request.kind) ? 1 : 0
}

function check(session: Session, request: Request | UnknownRequest): Reply | undefined {
  const cost = costOf(request)
  if (cost > 0) {
    const wait = session.costly.take(cost, session.context.clock.now())
    if (wait > 0) return failure(request.request, 'rate-limited', wait)
  }
  const field = OWNED.get(request.kind)
  if (field === undefined) return undefined
  const name = (request as { readonly box?: Uint8Array; readonly log?: Uint8Array })[field]
  const open = name !== undefined && session.opened.has(boxName(name))
  return open ? undefined : failure(request.request, 'not-open')
}

/** Exactly one answer. Rejects when the store cannot be read. */
export function answer(session: Session, request: Request | UnknownRequest): Reply | Promise<Reply> {
  const refusal = check(session, request)
  if (refusal !== undefined) return refusal
  if (request.kind === 'unknown') return failure(request.request, 'unsupported')
  const handler = HANDLERS[request.kind] as Handler<Kind> | undefined
  return handler === undefined ? failure(request.request, 'unsupported') : handler(session, request)
}
