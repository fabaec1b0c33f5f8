/** Reading a bucket as it is: all frames of boxes whose ids begin alike. spec/relay.md section 3.3. */
import type { IoOptions } from '@hyphae/core'
import { checkNumber } from './check.js'
import { RelayCarrierError } from './errors.js'
import { type FeedContext, openFeed } from './feed.js'
import { DEFAULT_FETCH_LIMIT, MAX_BUCKET_BITS, WATCH_WINDOW } from './limits.js'
import type { BucketPrefix } from './wire/bucket-requests.js'
import type { BucketFrame } from './wire/extended-replies.js'

export interface BucketPart {
  readonly more: boolean
  /** Where to go on. */
  readonly next: number
  readonly frames: readonly BucketFrame[]
}

export interface Buckets {
  /** Frames behind `after` (default 0, else a `next`), oldest first, at most `limit` (default 100). */
  fetch(
    bucket: BucketPrefix,
    options?: IoOptions & { readonly after?: number; readonly limit?: number },
  ): Promise<BucketPart>
  /** What waits behind `after` and what comes. Starts again there after a loss of the connection. */
  watch(bucket: BucketPrefix, options?: IoOptions & { readonly after?: number }): AsyncIterable<BucketFrame>
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
    fetch: async (bucket, { after = 0, limit = DEFAULT_FETCH_LIMIT, signal } = {}) => {
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
      const ask = { kind: 'bucket-watch', bits, prefix, after, mode: 'push', window: WATCH_WINDOW } as const
      return openFeed(
        context,
        { pushes: 'bucket-pushed', window: WATCH_WINDOW, ask: () => ask, take: owned },
        signal,
      )
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
