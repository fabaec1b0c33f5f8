/**
 * What this relay's clients wait for: the logs that it follows for them. spec/relay-engines.md section 2.4.
 *
 * Where a client waits for more than a log, this relay hears of all records, and reads none. What is heard is not
 * certain to come, so logs that are followed are looked at from time to time, and all after the connection was lost.
 */
import { systemClock } from '@hyphae/core'
import type { BucketPrefix } from '@hyphae/transport-relay/wire'
import type { NatsConnection, Subscription } from '@nats-io/transport-node'
import type { StoredListener } from '../engine.js'
import { type Buckets, hintAll } from './buckets.js'
import type { Layout, Layouts } from './layout.js'
import { LOOK_AGAIN_MS, PARALLEL_READS } from './limits.js'
import type { Subjects } from './names.js'

export interface Wakes {
  interest(bucket: BucketPrefix, wanted: boolean): void
  close(): Promise<void>
}

export interface WakesContext {
  readonly connection: NatsConnection
  readonly names: Subjects
  readonly buckets: Buckets
  readonly layouts: Layouts
  readonly hint: StoredListener
}

interface Interest {
  readonly bucket: BucketPrefix
  users: number
}

const BITS_A_DIGIT = 4
const EVERYTHING = '*'

/** The log that holds the bucket. */
function tokenOf({ bits, prefix }: BucketPrefix, digits: number): string {
  const own = digits * BITS_A_DIGIT
  if (bits < own) return EVERYTHING
  return Math.floor(prefix / 2 ** (bits - own))
    .toString(16)
    .padStart(digits, '0')
}

interface Followed {
  readonly interests: Map<string, Interest>
  /** Users of each log. */
  tokens: Map<string, number>
  everything: Subscription | undefined
}

async function lookAgain({ buckets, hint }: WakesContext, followed: Followed): Promise<void> {
  if (followed.everything !== undefined) hint(undefined, undefined)
  const work = [...followed.tokens.keys()].filter((token) => token !== EVERYTHING).values()
  const reader = async (): Promise<void> => {
    for (const token of work) {
      const bucket = buckets.at(token)
      if (bucket.freshAt() !== 0) await bucket.refresh().catch(() => {})
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_READS / 4 }, reader))
}

async function lookForever(context: WakesContext, followed: Followed, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await systemClock.sleep(LOOK_AGAIN_MS, signal, true).catch(() => {})
    if (!signal.aborted) await lookAgain(context, followed)
  }
}

async function followConnection({ connection, hint }: WakesContext): Promise<void> {
  for await (const status of connection.status()) if (status.type === 'reconnect') hint(undefined, undefined)
}

function listenToAll({ connection, names, buckets, hint }: WakesContext): Subscription {
  return connection.subscribe(names.wake(EVERYTHING), {
    callback: (error, message) => {
      // What is followed is heard there.
      if (error === null && !buckets.has(names.keyOf(message.subject))) hintAll(message.data, hint)
    },
  })
}

/** The log gains or loses a user. */
function follow(context: WakesContext, followed: Followed, token: string, change: 1 | -1): void {
  const users = (followed.tokens.get(token) ?? 0) + change
  if (users > 0) followed.tokens.set(token, users)
  else followed.tokens.delete(token)
  if (token !== EVERYTHING) context.buckets.keep(token, users > 0)
  else if (users > 0) followed.everything ??= listenToAll(context)
  else {
    followed.everything?.unsubscribe()
    followed.everything = undefined
  }
}

export function createWakes(context: WakesContext, first: Layout): Wakes {
  const followed: Followed = { interests: new Map(), tokens: new Map(), everything: undefined }
  const stop = new AbortController()
  const background = lookForever(context, followed, stop.signal)
  void followConnection(context)
  let layout = first
  const followBy = (interest: Interest, by: Layout, change: 1 | -1): void => {
    for (const digits of by.read) follow(context, followed, tokenOf(interest.bucket, digits), change)
  }
  context.layouts.onChange((next) => {
    for (const interest of followed.interests.values()) {
      followBy(interest, next, 1)
      followBy(interest, layout, -1)
    }
    layout = next
    // Frames may lie where nobody listened yet.
    context.hint(undefined, undefined)
  })
  return {
    interest: (bucket, wanted) => {
      const name = `${bucket.bits}/${bucket.prefix}`
      const interest = followed.interests.get(name) ?? { bucket, users: 0 }
      if (interest.users === 0 && !wanted) return
      interest.users += wanted ? 1 : -1
      if (interest.users === 1 && wanted) followBy(interest, layout, 1)
      if (interest.users === 0) followBy(interest, layout, -1)
      if (interest.users > 0) followed.interests.set(name, interest)
      else followed.interests.delete(name)
    },
    close: async () => {
      stop.abort()
      await background
    },
  }
}
