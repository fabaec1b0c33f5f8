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

export const anyRequest = fc.oneof(
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
  op('take', stock),
  op('remaining', stock),
  op('blob-put', { hash: key, data: fc.uint8Array({ maxLength: 200 }) }),
  op('blob-get', { hash: key }),
  op('blob-has', { hash: key }),
  op('ping', {}),
) as unknown as fc.Arbitrary<Request>

const none = fc.constant(new Uint8Array(0))

export const anyReply = fc.oneof(
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
