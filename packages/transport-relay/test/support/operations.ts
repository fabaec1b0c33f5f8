/** Arbitrary legal operations for property tests. */
import type { DirectoryRecord, StockUpload } from '@hyphae/core'
import type { Reply, Request } from '@hyphae/transport-relay/wire'
import fc from 'fast-check'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const key = bytes(32)
const id = fc.integer({ min: 1, max: 0xffff_ffff })
const u16 = fc.integer({ min: 1, max: 0xffff })
const u64 = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const frame = fc.constantFrom(128, 512, 2048, 4096).chain(bytes)

const record: fc.Arbitrary<DirectoryRecord> = fc.record({
  address: key,
  writer: key,
  sequence: u64,
  body: fc.uint8Array({ maxLength: 300 }),
  signature: bytes(64),
})

const upload: fc.Arbitrary<StockUpload> = fc.record({
  writer: key,
  kind: fc.integer({ min: 0, max: 255 }),
  sequence: u64,
  items: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 }),
  lastResort: fc.uint8Array({ maxLength: 40 }),
  replace: fc.boolean(),
  signature: bytes(64),
})

const stock = { writer: key, stock: fc.integer({ min: 0, max: 255 }) }

function op<K extends string, F extends Record<string, fc.Arbitrary<unknown>>>(kind: K, fields: F) {
  return fc.record({ kind: fc.constant(kind), request: id, ...fields })
}

const ttl = fc.constantFrom(1, 7, 14, 30)
const ticket = fc.oneof(
  fc.constant({ kind: 'none', bytes: new Uint8Array(0) }),
  fc.record({
    kind: fc.constantFrom('capability', 'token', 'work', 'payment'),
    bytes: fc.uint8Array({ maxLength: 200 }),
  }),
)
const terms = fc.record({
  accepts: fc.integer({ min: 0, max: 0xffff }),
  workBits: fc.integer({ min: 0, max: 255 }),
  quota: fc.integer({ min: 0, max: 0xffff_ffff }),
  capabilityKey: key,
})
const entry = fc.uint8Array({ minLength: 1, maxLength: 300 })

function bucketOp<K extends string, F extends Record<string, fc.Arbitrary<unknown>>>(kind: K, fields: F) {
  return fc
    .integer({ min: 0, max: 24 })
    .chain((bits) =>
      op(kind, { bits: fc.constant(bits), prefix: fc.integer({ min: 0, max: 2 ** bits - 1 }), ...fields }),
    )
}

/** Codes 17 to 28. */
const laterRequests = [
  op('deposit', { box: key, id: bytes(16), ttl, ticket, frame }),
  op('set-terms', { box: key, terms }),
  op('get-terms', { box: key }),
  bucketOp('bucket-fetch', { after: u64, limit: u16 }),
  bucketOp('bucket-watch', { after: u64, mode: fc.constantFrom('wake', 'push'), window: u16 }),
  op('log-append', { log: key, position: u64, ttl, entry }),
  op('log-read', { log: key, from: u64, limit: u16 }),
  op('announce', { channel: key, frame }),
  op('listen', { channel: key }),
  op('describe', {}),
  bucketOp('record-bucket', { after: fc.uint8Array({ maxLength: 128 }), limit: u16 }),
  op('blob-range', { hash: key, from: fc.integer({ min: 0, max: 0xffff }), length: u16 }),
]

const smallFrame = fc.constantFrom(128, 512).chain(bytes)
const bucketFrame = fc.record({ cursor: u64, hint: bytes(8), frame: smallFrame })
const fields = fc
  .uniqueArray(
    fc.record({ key: fc.integer({ min: 0, max: 255 }), value: fc.uint8Array({ maxLength: 60 }) }),
    {
      selector: (field) => field.key,
      maxLength: 8,
    },
  )
  .map((all) => all.toSorted((a, b) => a.key - b.key))

/** Codes 138 to 147. */
const laterReplies = [
  op('terms', { terms: fc.option(terms, { nil: undefined }) }),
  op('bucket', { more: fc.boolean(), next: u64, frames: fc.array(bucketFrame, { maxLength: 4 }) }),
  op('bucket-pushed', { cursor: u64, hint: bytes(8), frame }),
  op('wake', {}),
  op('log-conflict', { next: u64, entry: fc.uint8Array({ maxLength: 300 }) }),
  op('log-entries', { from: u64, next: u64, entries: fc.array(entry, { maxLength: 5 }) }),
  op('heard', { frame }),
  op('description', { fields }),
  op('record-bucket-part', {
    next: fc.uint8Array({ maxLength: 128 }),
    salt: bytes(16),
    records: fc.array(
      fc.record({ hint: bytes(8), hidden: fc.uint8Array({ minLength: 104, maxLength: 400 }) }),
      {
        maxLength: 4,
      },
    ),
  }),
  op('blob-part', { found: fc.constant(false), total: fc.constant(0), data: fc.constant(new Uint8Array(0)) }),
  op('blob-part', {
    found: fc.constant(true),
    total: fc.integer({ min: 200, max: 4096 }),
    data: fc.uint8Array({ maxLength: 200 }),
  }),
]

export const anyRequest = fc.oneof(
  ...laterRequests,
  op('open', { box: key, signature: bytes(64) }),
  op('put', { box: key, id: bytes(16), frame }),
  op('fetch', { box: key, after: u64, limit: u16 }),
  op('ack', { box: key, cursor: u64 }),
  op('watch', { box: key, window: u16 }),
  op('credit', { watch: id, count: u16 }),
  op('unwatch', { watch: id }),
  op('publish', { record }),
  op('lookup', { address: key }),
  op('stock', { upload }),
  op('blob-deposit', { ticket, hash: key, data: fc.uint8Array({ maxLength: 300 }) }),
  op('log-deposit', { ticket, log: key, position: u64, ttl, entry }),
  op('stock-deposit', { ticket, upload }),
  op('take', stock),
  op('remaining', stock),
  op('blob-put', { hash: key, data: fc.uint8Array({ maxLength: 200 }) }),
  op('blob-get', { hash: key }),
  op('blob-has', { hash: key }),
  op('ping', {}),
) as unknown as fc.Arbitrary<Request>

const none = fc.constant(new Uint8Array(0))

export const anyReply = fc.oneof(
  ...laterReplies,
  op('hello', { challenge: key }),
  op('ok', {}),
  op('failure', { code: u16, retryAfterMs: fc.integer({ min: 0, max: 0xffff_ffff }) }),
  op('pushed', { cursor: u64, frame }),
  op('deliveries', {
    more: fc.boolean(),
    deliveries: fc.array(fc.record({ cursor: u64, frame }), { maxLength: 4 }),
  }),
  op('records', { records: fc.array(record, { maxLength: 8 }) }),
  op('item', { found: fc.constant('none'), item: none }),
  op('item', {
    found: fc.constantFrom('one-time', 'last-resort'),
    item: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  }),
  op('count', { value: fc.integer({ min: 0, max: 0xffff_ffff }) }),
  op('blob', { found: fc.constant(true), data: fc.uint8Array({ maxLength: 300 }) }),
  op('blob', { found: fc.constant(false), data: none }),
  op('flag', { value: fc.boolean() }),
) as unknown as fc.Arbitrary<Reply>

export const requests: fc.Arbitrary<Request[]> = fc.array(anyRequest, { minLength: 1, maxLength: 5 })
export const replies: fc.Arbitrary<Reply[]> = fc.array(anyReply, { minLength: 1, maxLength: 5 })
