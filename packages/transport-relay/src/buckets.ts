/** Reading a bucket as it is: all frames of boxes whose ids begin alike. spec/relay.md section 3.3. */
import { type BucketMailbox, type BucketPart, equalBytes, type IoOptions } from '@hyphae/core'
import { checkNumber } from './check.js'
import { RelayCarrierError } from './errors.js'
import { type FeedContext, openFeed } from './feed.js'
import { DEFAULT_FETCH_LIMIT, MAX_BUCKET_BITS, WATCH_WINDOW } from './limits.js'
import { describe } from './offer.js'
import type { BucketFrame } from './wire/bucket-replies.js'
import type { BucketPrefix } from './wire/bucket-requests.js'
import { bucketHint } from './wire/hint.js'

export interface Buckets extends BucketMailbox {
  /** What waits behind `after` and what comes. Starts again there, or where it then says, after a loss of the connection. */
  watch(
    bucket: BucketPrefix,
    options?: IoOptions & { readonly after?: number | (() => number | Promise<number>) },
  ): AsyncIterable<BucketFrame>
  /** Yields when something has come, once for however much came before the next turn. */
  wakes(bucket: BucketPrefix, options?: IoOptions): AsyncIterable<true>
}

function check({ bits, prefix }: BucketPrefix): void {
  checkNumber(bits, 0, MAX_BUCKET_BITS, 'bits')
  checkNumber(prefix, 0, 2 ** bits - 1, 'prefix')
}

function owned({ cursor, hint, frame }: BucketFrame): BucketFrame {
  return { cursor, hint: hint.slice(), frame: frame.slice() }
}

export function createBuckets(context: FeedContext): Buckets {
  return {
    bits: async (options) => (await describe(context.dialer, options)).bucketBits,
    isFor: (box, { cursor, hint }, sha256) => equalBytes(bucketHint(box, cursor, sha256), hint),
    fetch: async (bucket, { after = 0, limit = DEFAULT_FETCH_LIMIT, signal } = {}): Promise<BucketPart> => {
      check(bucket)
      checkNumber(after, 0, Number.MAX_SAFE_INTEGER, 'after')
      checkNumber(limit, 1, 0xffff, 'limit')
      const { bits, prefix } = bucket
      const ask = { kind: 'bucket-fetch', bits, prefix, after, limit } as const
      const { more, next, frames } = await context.dialer.call(ask, 'bucket', { repeatable: true, signal })
      if (frames.length > limit || next < after || (more && next === after))
        throw new RelayCarrierError('relay-carrier/malformed')
      return { more, next, frames: frames.map(owned) }
    },
    watch: (bucket, { after = 0, signal } = {}) => {
      check(bucket)
      const { bits, prefix } = bucket
      const from = (at: number) =>
        ({ kind: 'bucket-watch', bits, prefix, after: at, mode: 'push', window: WATCH_WINDOW }) as const
      const ask = async () => from(typeof after === 'number' ? after : await after())
      return openFeed(context, { pushes: 'bucket-pushed', window: WATCH_WINDOW, ask, take: owned }, signal)
    },
    wakes: (bucket, { signal } = {}) => {
      check(bucket)
      const { bits, prefix } = bucket
      const ask = { kind: 'bucket-watch', bits, prefix, after: 0, mode: 'wake', window: 1 } as const
      return openFeed(
        context,
        { pushes: 'wake', window: 1, ask: () => ask, take: () => true as const },
        signal,
      )
    },
  }
}
