/**
 * Hears of records that were stored, by this relay or another: the servers repeat each on a core subject.
 * spec/relay-engines.md section 2.4.
 *
 * A relay listens for the buckets its clients wait for. What is heard is not certain to come, so those buckets are
 * looked at from time to time, and all of them after the connection was lost.
 */
import { systemClock } from '@hyphae/core'
import type { BucketPrefix } from '@hyphae/transport-relay/wire'
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import type { StoredListener } from '../engine.js'
import { boxName } from '../keys.js'
import type { Buckets } from './buckets.js'
import { LOOK_AGAIN_MS, PARALLEL_READS } from './limits.js'
import type { Subjects } from './names.js'
import { decodeRecord } from './record.js'

export interface Wakes {
  interest(bucket: BucketPrefix, wanted: boolean): void
  close(): Promise<void>
}

export interface WakesContext {
  readonly connection: NatsConnection
  readonly names: Subjects
  readonly buckets: Buckets
  readonly hint: StoredListener
}

interface Ear {
  readonly subscription: Subscription
  users: number
}

const TOKEN_BITS = 16
const EVERYTHING = '*'

function tokenOf({ bits, prefix }: BucketPrefix): string {
  if (bits < TOKEN_BITS) return EVERYTHING
  return Math.floor(prefix / 2 ** (bits - TOKEN_BITS))
    .toString(16)
    .padStart(TOKEN_BITS / 4, '0')
}

/** Hints for a record of a bucket whose state this relay does not follow. */
function hintAll(data: Uint8Array, hint: StoredListener): void {
  const record = decodeRecord(data)
  if (record.kind !== 'put') return
  for (const name of new Set(record.entries.map(({ box }) => boxName(box)))) hint(name, undefined)
}

function hear({ names, buckets, hint }: WakesContext, message: Msg): void {
  const seq = Number(message.headers?.get('Nats-Sequence'))
  const previous = Number(message.headers?.get('Nats-Last-Sequence'))
  // A copy: a view would keep what else came in the same read.
  const data = Uint8Array.from(message.data)
  const bucket = buckets.known(names.keyOf(message.subject))
  if (bucket === undefined || bucket.freshAt() === 0) hintAll(data, hint)
  // What could not be read is read at the next look.
  else if (!bucket.hear(seq, previous, data)) bucket.refresh().catch(() => {})
}

async function lookAgain({ buckets, hint }: WakesContext, ears: ReadonlyMap<string, Ear>): Promise<void> {
  if (ears.has(EVERYTHING)) hint(undefined, undefined)
  const work = [...ears.keys()].filter((token) => token !== EVERYTHING).values()
  const reader = async (): Promise<void> => {
    for (const token of work) {
      const bucket = buckets.at(token)
      if (bucket.freshAt() !== 0) await bucket.refresh().catch(() => {})
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_READS / 4 }, reader))
}

async function lookForever(
  context: WakesContext,
  ears: ReadonlyMap<string, Ear>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await systemClock.sleep(LOOK_AGAIN_MS, signal, true).catch(() => {})
    if (!signal.aborted) await lookAgain(context, ears)
  }
}

async function followConnection({ connection, hint }: WakesContext): Promise<void> {
  for await (const status of connection.status()) if (status.type === 'reconnect') hint(undefined, undefined)
}

export function createWakes(context: WakesContext): Wakes {
  const { connection, names, buckets } = context
  const ears = new Map<string, Ear>()
  const stop = new AbortController()
  const background = lookForever(context, ears, stop.signal)
  void followConnection(context)
  const listen = (token: string): Ear => {
    const subscription = connection.subscribe(names.wake(token), {
      callback: (error, message) => {
        if (error === null) hear(context, message)
      },
    })
    if (token !== EVERYTHING) buckets.keep(token, true)
    return { subscription, users: 0 }
  }
  return {
    interest: (bucket, wanted) => {
      const token = tokenOf(bucket)
      const ear = ears.get(token) ?? (wanted ? listen(token) : undefined)
      if (ear === undefined) return
      ears.set(token, ear)
      ear.users += wanted ? 1 : -1
      if (ear.users > 0) return
      ear.subscription.unsubscribe()
      ears.delete(token)
      if (token !== EVERYTHING) buckets.keep(token, false)
    },
    close: async () => {
      stop.abort()
      await background
    },
  }
}
