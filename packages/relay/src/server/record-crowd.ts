/**
 * How records are looked up by their buckets: how small those may be, and where one goes on. spec/relay.md section 4.1.
 *
 * A place to go on from is an address, which nobody may learn here: it is sealed with a key of this process, for the
 * bucket that it was given out for.
 */
import type { Clock } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { BucketPrefix } from '@hyphae/transport-relay/wire'
import type { RecordPlace, RelayEngine } from '../engine/engine.js'
import type { RelayLimits } from '../limits.js'
import { type Anonymity, createAnonymity } from './anonymity.js'

export interface RecordCrowd {
  readonly anonymity: Anonymity
  seal(bucket: BucketPrefix, place: RecordPlace): Uint8Array
  /** Null: not given out by this process for this bucket. */
  open(bucket: BucketPrefix, cursor: Uint8Array): RecordPlace | null
}

const KEY_BYTES = 32
const NONCE_BYTES = 24
const ADDRESS_BYTES = 32

/** Bits and prefix, to which a cursor is bound. */
function named({ bits, prefix }: BucketPrefix): Uint8Array {
  const bytes = Buffer.alloc(5)
  bytes.writeUInt8(bits)
  bytes.writeUInt32LE(prefix, 1)
  return bytes
}

export function createRecordCrowd(
  engine: RelayEngine,
  limits: RelayLimits,
  { clock, crypto }: { readonly clock: Clock; readonly crypto: CryptoProvider },
): RecordCrowd {
  const key = crypto.randomBytes(KEY_BYTES)
  const { seal, open } = crypto.xchacha20Poly1305
  return {
    anonymity: createAnonymity(engine, limits, clock, ({ records }) => records),
    seal: (bucket, { address, slot }) => {
      const nonce = crypto.randomBytes(NONCE_BYTES)
      const place = Buffer.concat([address, Buffer.from([slot])])
      return Buffer.concat([nonce, seal(key, nonce, place, named(bucket))])
    },
    open: (bucket, cursor) => {
      const nonce = cursor.subarray(0, NONCE_BYTES)
      if (nonce.length < NONCE_BYTES) return null
      const place = open(key, nonce, cursor.subarray(NONCE_BYTES), named(bucket))
      if (place === null) return null
      return { address: place.slice(0, ADDRESS_BYTES), slot: place[ADDRESS_BYTES] as number }
    },
  }
}
