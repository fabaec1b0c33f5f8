/** The BucketMailbox of a simulated relay's client: each port call is a call over the network. */
import { type BucketMailbox, equalBytes } from '@hyphae/core'
import { BUCKET_READ_BYTES, FRAME_OVERHEAD_BYTES } from '../limits.js'
import { HINT_BYTES } from './relay-buckets.js'
import type { Client } from './relay-client.js'

const DEFAULT_LIMIT = 100

export function relayBuckets(client: Client): BucketMailbox {
  return {
    bits: (options) => {
      client.ready(options)
      return client.ask('describe', 0, options, ({ server }, answer) =>
        answer({ value: server.bucketBits(), bytes: 1 }),
      )
    },
    fetch: (bucket, options = {}) => {
      client.ready(options)
      const { after = 0, limit = DEFAULT_LIMIT } = options
      return client.ask('bucket', BUCKET_READ_BYTES, options, ({ server, saw }, answer) => {
        saw('bucket', Uint8Array.of(bucket.bits, bucket.prefix >>> 8, bucket.prefix & 0xff), 0)
        const value = server.bucket(bucket, after, limit)
        const bytes = value.frames.reduce((sum, { frame }) => sum + frame.length + FRAME_OVERHEAD_BYTES, 0)
        answer({ value, bytes })
      })
    },
    isFor: (box, { hint }) => equalBytes(box.slice(0, HINT_BYTES), hint),
  }
}
