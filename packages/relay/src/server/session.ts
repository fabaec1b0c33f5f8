/**
 * What one peer has: the boxes it has opened, what it watches, how much it may still ask. spec/relay.md section 3.
 *
 * Knows no socket: requests come in decoded, answers go out as values.
 */
import type { Clock } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { FAILURES, type FailureName, type Reply } from '@hyphae/transport-relay/wire'
import type { Refusal, RelayEngine, Verdict } from '../engine/engine.js'
import type { RelayLimits } from '../limits.js'
import type { Services } from '../services.js'
import type { Admission } from './admission.js'
import type { Anonymity } from './anonymity.js'
import { type Bucket, createBucket } from './bucket.js'
import type { Exchange } from './exchange.js'
import type { RecordCrowd } from './record-crowd.js'
import type { WatchRegistry } from './watch.js'
import type { WriteAdmission } from './writing.js'

export interface SessionContext {
  readonly engine: RelayEngine
  readonly watches: WatchRegistry
  readonly exchange: Exchange
  readonly admission: Admission
  readonly writing: WriteAdmission
  readonly anonymity: Anonymity
  readonly crowd: RecordCrowd
  readonly crypto: CryptoProvider
  /** Payment, hops, push. */
  readonly services: Services
  readonly limits: RelayLimits
  readonly clock: Clock
  /** Random per connection, 32 bytes. */
  readonly challenge: Uint8Array
  /** The relay's name under which the peer dialled; undefined: a name that is not the relay's. */
  readonly host: string | undefined
  push(reply: Reply): void
  blocked(): boolean
}

/** What goes on until `unwatch` or the end of the connection. */
export interface Subscription {
  credit(count: number): void
  /** Goes on after the peer has read what waited for it. */
  advance(): void
  stop(): void
}

export interface Session {
  readonly context: SessionContext
  /** Boxes and logs, by name. */
  readonly opened: Set<string>
  readonly watching: Map<number, Subscription>
  readonly costly: Bucket
  readonly announces: Bucket
}

export function createSession(context: SessionContext): Session {
  const { costlyPerSecond, costlyBurst, announcesPerSecond } = context.limits
  const now = context.clock.now()
  return {
    context,
    opened: new Set(),
    watching: new Map(),
    costly: createBucket(costlyPerSecond, costlyBurst, now),
    announces: createBucket(announcesPerSecond, 2 * announcesPerSecond, now),
  }
}

export function endSession({ watching }: Session): void {
  for (const subscription of watching.values()) subscription.stop()
  watching.clear()
}

export function stopWatching({ watching }: Session, id: number): boolean {
  const subscription = watching.get(id)
  subscription?.stop()
  return watching.delete(id)
}

/** Why no other subscription may have this number; undefined: it may. */
export function cannotWatch({ watching, context }: Session, id: number): Reply | undefined {
  if (watching.has(id)) return failure(id, 'bad-watch')
  return watching.size >= context.limits.watches ? failure(id, 'limit') : undefined
}

export function failure(request: number, name: FailureName, retryAfterMs = 0): Reply {
  return { kind: 'failure', request, code: FAILURES[name], retryAfterMs }
}

export function refused({ refused: name, retryAfterMs }: Refusal, request: number): Reply {
  return failure(request, name, retryAfterMs)
}

/** What follows when it may be written, else why not. */
export function admitted(
  verdict: Verdict | Promise<Verdict>,
  request: number,
  write: () => Reply | Promise<Reply>,
): Reply | Promise<Reply> {
  if (verdict instanceof Promise) return verdict.then((later) => admitted(later, request, write))
  return verdict === null ? write() : refused(verdict, request)
}

/** `ok`, or why not. */
export function verdict(result: Promise<Verdict>, request: number): Promise<Reply> {
  return result.then((refusal) => (refusal === null ? { kind: 'ok', request } : refused(refusal, request)))
}
