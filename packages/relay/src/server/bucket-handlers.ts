/** Reading and watching a bucket. spec/relay.md section 3.3. */
import { type BucketPrefix, bucketHint, type Reply, type Request } from '@hyphae/transport-relay/wire'
import type { BoxFrame, BucketPage } from '../engine/engine.js'
import { MAX_BUCKET_PAGE, STORAGE_RETRY_MS } from '../limits.js'
import { leastBits } from './anonymity.js'
import { type BucketWatch, createPusher, createWaker } from './bucket-watch.js'
import type { Wake } from './exchange.js'
import type { Handlers } from './handler.js'
import { cannotWatch, failure, type Session, type Subscription, stopWatching } from './session.js'

interface HintedFrame {
  readonly cursor: number
  readonly hint: Uint8Array
  readonly frame: Uint8Array
}

function hinted({ context: { crypto } }: Session, { box, cursor, frame }: BoxFrame): HintedFrame {
  return { cursor, hint: bucketHint(box, cursor, crypto.sha256), frame }
}

/** Why the bucket may not be read; undefined: it may. */
async function refusal(session: Session, id: number, { bits }: BucketPrefix): Promise<Reply | undefined> {
  const most = await session.context.anonymity.bits()
  if (bits > most) return failure(id, 'bucket-too-small')
  return bits < leastBits(most) ? failure(id, 'limit') : undefined
}

async function fetch(session: Session, request: Extract<Request, { kind: 'bucket-fetch' }>): Promise<Reply> {
  const { request: id, after, limit } = request
  const no = await refusal(session, id, request)
  if (no !== undefined) return no
  const { more, next, frames } = await session.context.engine.bucket(
    request,
    after,
    Math.min(limit, MAX_BUCKET_PAGE),
  )
  return { kind: 'bucket', request: id, more, next, frames: frames.map((frame) => hinted(session, frame)) }
}

type WatchRequest = Extract<Request, { kind: 'bucket-watch' }>

function createBucketWatch(session: Session, request: WatchRequest): BucketWatch {
  const { context } = session
  const { request: id, bits, prefix, after, mode, window } = request
  const peer = {
    push: (frame: BoxFrame): void =>
      context.push({ kind: 'bucket-pushed', request: id, ...hinted(session, frame) }),
    wake: (): void => context.push({ kind: 'wake', request: id }),
    blocked: context.blocked,
    failed: (): void => {
      stopWatching(session, id)
      context.push(failure(id, 'storage-failed', STORAGE_RETRY_MS))
    },
  }
  const read = async (from: number, limit: number): Promise<BucketPage> => {
    // The relay may have shrunk or grown since: no watch outlives what hides its reader.
    const no = await refusal(session, id, request)
    if (no === undefined) return context.engine.bucket({ bits, prefix }, from, limit)
    if (stopWatching(session, id)) context.push(no)
    return { more: false, next: from, frames: [] }
  }
  return mode === 'wake' ? createWaker(window, peer) : createPusher(read, after, window, peer)
}

/** Takes its number at once, so that an `unwatch` that follows finds it; begins when it is known to be allowed. */
async function watch(session: Session, request: WatchRequest): Promise<Reply> {
  const { context, watching } = session
  const { request: id, bits, prefix } = request
  const taken = cannotWatch(session, id)
  if (taken !== undefined) return taken
  const watch = createBucketWatch(session, request)
  const ends: (() => void)[] = [watch.stop]
  const begun = (): boolean => ends.length > 1
  const subscription: Subscription = {
    credit: (count) => {
      if (begun()) watch.credit(count)
    },
    advance: () => {
      if (begun()) watch.advance()
    },
    stop: () => {
      for (const end of ends) end()
    },
  }
  watching.set(id, subscription)
  const no = await refusal(session, id, request).catch(() => failure(id, 'storage-failed', STORAGE_RETRY_MS))
  if (watching.get(id) !== subscription) return { kind: 'ok', request: id }
  if (no !== undefined) {
    stopWatching(session, id)
    return no
  }
  // A bucket that may have come to hide too little is read, which looks whether it may.
  const wake: Wake = (frame) => watch.wake(bits <= context.anonymity.latest() ? frame : undefined)
  ends.push(context.exchange.watchBucket({ bits, prefix }, wake))
  queueMicrotask(watch.advance)
  return { kind: 'ok', request: id }
}

export const BUCKET_HANDLERS: Handlers<'bucket-fetch' | 'bucket-watch'> = {
  'bucket-fetch': fetch,
  'bucket-watch': watch,
}
