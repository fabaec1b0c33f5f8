/**
 * What one peer may do: proofs, rates, and one answer for each request. spec/relay.md sections 2 to 4.
 *
 * Knows no socket: requests come in decoded, answers go out as values.
 */
import type { Clock } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { verifyDirectoryRecord, verifyStockUpload } from '@hyphae/tlv'
import {
  FAILURES,
  type FailureName,
  openProof,
  type Reply,
  type Request,
  type UnknownRequest,
} from '@hyphae/transport-relay/wire'
import type { Refusal, RelayEngine, Verdict } from '../engine/engine.js'
import { boxName } from '../engine/keys.js'
import { type RelayLimits, STORAGE_RETRY_MS } from '../limits.js'
import { type Bucket, createBucket } from './bucket.js'
import { createWatch, type Watch, type WatchRegistry } from './watch.js'

export interface SessionContext {
  readonly engine: RelayEngine
  readonly watches: WatchRegistry
  readonly crypto: CryptoProvider
  readonly limits: RelayLimits
  readonly clock: Clock
  /** Random per connection, 32 bytes. */
  readonly challenge: Uint8Array
  /** The relay's name under which the peer dialled; undefined: a name that is not the relay's. */
  readonly host: string | undefined
  push(reply: Reply): void
  blocked(): boolean
}

export interface Session {
  readonly context: SessionContext
  readonly opened: Set<string>
  readonly watching: Map<number, Watch>
  readonly costly: Bucket
}

export function createSession(context: SessionContext): Session {
  const { costlyPerSecond, costlyBurst } = context.limits
  const costly = createBucket(costlyPerSecond, costlyBurst, context.clock.now())
  return { context, opened: new Set(), watching: new Map(), costly }
}

export function endSession({ watching, context }: Session): void {
  for (const watch of watching.values()) {
    watch.stop()
    context.watches.remove(boxName(watch.box), watch)
  }
  watching.clear()
}

export function failure(request: number, name: FailureName, retryAfterMs = 0): Reply {
  return { kind: 'failure', request, code: FAILURES[name], retryAfterMs }
}

function refused({ refused: name, retryAfterMs }: Refusal, request: number): Reply {
  return failure(request, name, retryAfterMs)
}

async function verdict(result: Promise<Verdict>, request: number): Promise<Reply> {
  const refusal = await result
  return refusal === null ? { kind: 'ok', request } : refused(refusal, request)
}

/** Signature checks and items cost more than the rest. */
const COSTLY: ReadonlySet<string> = new Set(['open', 'publish', 'stock', 'take'])
const OWNED: ReadonlySet<string> = new Set(['fetch', 'ack', 'watch'])

function check(session: Session, request: Request | UnknownRequest): Reply | undefined {
  if (COSTLY.has(request.kind)) {
    const wait = session.costly.take(1, session.context.clock.now())
    if (wait > 0) return failure(request.request, 'rate-limited', wait)
  }
  if (OWNED.has(request.kind) && 'box' in request && !session.opened.has(boxName(request.box)))
    return failure(request.request, 'not-open')
  return undefined
}

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
  if (watching.has(id)) return failure(id, 'bad-watch')
  if (watching.size >= context.limits.watches) return failure(id, 'limit')
  // A copy: a view would keep the whole message.
  const watch = createWatch(context.engine, box.slice(), window, {
    push: (stored) => context.push({ kind: 'pushed', request: id, ...stored }),
    blocked: context.blocked,
    failed: () => {
      stopWatch(session, id)
      context.push(failure(id, 'storage-failed', STORAGE_RETRY_MS))
    },
  })
  watching.set(id, watch)
  context.watches.add(boxName(box), watch)
  queueMicrotask(watch.advance)
  return { kind: 'ok', request: id }
}

function stopWatch({ watching, context }: Session, id: number): boolean {
  const watch = watching.get(id)
  if (watch === undefined) return false
  watch.stop()
  watching.delete(id)
  context.watches.remove(boxName(watch.box), watch)
  return true
}

function steer(session: Session, request: Extract<Request, { kind: 'credit' | 'unwatch' }>): Reply {
  const watch = session.watching.get(request.watch)
  if (watch === undefined) return failure(request.request, 'bad-watch')
  if (request.kind === 'credit') watch.credit(request.count)
  else stopWatch(session, request.watch)
  return { kind: 'ok', request: request.request }
}

function mailbox(
  session: Session,
  request: Extract<Request, { kind: 'open' | 'put' | 'fetch' | 'ack' | 'watch' | 'credit' | 'unwatch' }>,
): Reply | Promise<Reply> {
  const { engine } = session.context
  const id = request.request
  switch (request.kind) {
    case 'put':
      return verdict(engine.put(request.box, request.id, request.frame), id)
    case 'ack':
      return verdict(engine.ack(request.box, request.cursor), id)
    case 'fetch':
      return engine
        .fetch(request.box, request.after, request.limit)
        .then((page) => ({ kind: 'deliveries', request: id, ...page }))
    case 'open':
      return open(session, request)
    case 'watch':
      return startWatch(session, request)
    case 'credit':
    case 'unwatch':
      return steer(session, request)
  }
}

async function take(engine: RelayEngine, writer: Uint8Array, stock: number, request: number): Promise<Reply> {
  const taken = await engine.take(writer, stock)
  return 'refused' in taken ? refused(taken, request) : { kind: 'item', request, ...taken }
}

function directory(
  { context: { engine, crypto } }: Session,
  request: Extract<Request, { kind: 'publish' | 'lookup' | 'stock' | 'take' | 'remaining' }>,
): Reply | Promise<Reply> {
  const id = request.request
  switch (request.kind) {
    case 'publish':
      if (!verifyDirectoryRecord(crypto, request.record)) return failure(id, 'bad-signature')
      return verdict(engine.publish(request.record), id)
    case 'lookup':
      return engine.lookup(request.address).then((records) => ({ kind: 'records', request: id, records }))
    case 'stock':
      if (!verifyStockUpload(crypto, request.upload)) return failure(id, 'bad-signature')
      return verdict(engine.stock(request.upload), id)
    case 'take':
      return take(engine, request.writer, request.stock, id)
    case 'remaining':
      return engine
        .remaining(request.writer, request.stock)
        .then((value) => ({ kind: 'count', request: id, value }))
  }
}

const NOTHING = new Uint8Array(0)

function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function blobs(
  { context: { engine, crypto } }: Session,
  request: Extract<Request, { kind: 'blob-put' | 'blob-get' | 'blob-has' }>,
): Reply | Promise<Reply> {
  const id = request.request
  switch (request.kind) {
    case 'blob-put':
      if (!sameHash(crypto.sha256(request.data), request.hash)) return failure(id, 'bad-hash')
      return verdict(engine.putBlob(request.hash, request.data), id)
    case 'blob-get':
      return engine.getBlob(request.hash).then((data) => ({
        kind: 'blob',
        request: id,
        found: data !== undefined,
        data: data ?? NOTHING,
      }))
    case 'blob-has':
      return engine.hasBlob(request.hash).then((value) => ({ kind: 'flag', request: id, value }))
  }
}

/** Exactly one answer. Rejects when the store cannot be read. */
export function answer(session: Session, request: Request | UnknownRequest): Reply | Promise<Reply> {
  const refusal = check(session, request)
  if (refusal !== undefined) return refusal
  switch (request.kind) {
    case 'open':
    case 'put':
    case 'fetch':
    case 'ack':
    case 'watch':
    case 'credit':
    case 'unwatch':
      return mailbox(session, request)
    case 'publish':
    case 'lookup':
    case 'stock':
    case 'take':
    case 'remaining':
      return directory(session, request)
    case 'blob-put':
    case 'blob-get':
    case 'blob-has':
      return blobs(session, request)
    case 'ping':
      return { kind: 'ok', request: request.request }
    default:
      return failure(request.request, 'unsupported')
  }
}
