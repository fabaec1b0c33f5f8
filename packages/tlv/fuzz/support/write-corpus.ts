/** Writes the corpus afresh: `good-*` is what a target accepts, `bad-*` what it refuses. Run it with tsx. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import {
  encodeDirectoryRecord,
  encodeFields,
  encodeRecords,
  encodeStockUpload,
  frameMask,
  layoutCursor,
  layoutLength,
  prefixFrame,
  sealChunk,
  sealFrame,
  sealGroupFrame,
  sealHandshakeFrame,
  signDirectoryRecord,
  signStockUpload,
} from '../../src/index.js'
import { SCHEMA } from '../fields.js'
import { INTRO_KEY, KEY } from '../frames.js'
import { LAYOUT } from '../layout.js'

const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(1)) })
const bytes = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * seed + 3) & 255)

function save(target: string, name: string, input: Uint8Array): void {
  const folder = new URL(`../corpus/${target}/`, import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(name, folder), input)
}

/** The input itself, cut short, lengthened, and with one bit changed in front and at the end. */
function saveWithFaults(target: string, name: string, input: Uint8Array): void {
  save(target, `good-${name}`, input)
  save(target, `bad-${name}-cut`, input.subarray(0, input.length - 1))
  save(
    target,
    `bad-${name}-first`,
    input.map((byte, i) => (i === 0 ? byte ^ 0x80 : byte)),
  )
}

const record = (type: number, length: number): { type: number; value: Uint8Array } => ({
  type,
  value: bytes(length, type),
})
save('records', 'good-empty', new Uint8Array())
save('records', 'good-three', encodeRecords([record(1, 0), record(2, 5), record(200, 254)]))
save('records', 'good-extended', encodeRecords([record(1, 255), record(2, 1000)]))
save('records', 'bad-cut', encodeRecords([record(1, 255)]).subarray(0, 200))
save('records', 'bad-type-zero', Uint8Array.of(0, 1, 7))
save('records', 'bad-short-as-extended', Uint8Array.of(0xff, 0, 5, 2, 0, 1, 2))
save('records', 'bad-length-beyond', Uint8Array.of(0xff, 0, 5, 0xff, 0xff, 1))

const writer = crypto.ed25519.importSeed(bytes(32, 5))
const statement = signDirectoryRecord(crypto, writer, {
  address: bytes(32, 7),
  sequence: 3,
  body: bytes(300),
})
saveWithFaults('directory', 'record', encodeDirectoryRecord(statement))
const stock = {
  kind: 1,
  sequence: 2,
  items: [bytes(40), bytes(300, 3)],
  lastResort: bytes(20),
  replace: false,
}
saveWithFaults('directory', 'stock', encodeStockUpload(signStockUpload(crypto, writer, stock)))

const sealed = (size: 128 | 512 | 2048): Uint8Array =>
  sealFrame(crypto, {
    mask: frameMask(crypto, KEY, 0),
    header: { ratchetKey: bytes(32, 11), n: 0, pn: 0, length: 20, pqEpoch: 0 },
    messageKey: KEY,
    associatedData: KEY,
    body: bytes(20),
    size,
  })
for (const size of [128, 512, 2048] as const) saveWithFaults('frames', `sealed-${size}`, sealed(size))
const group = {
  tag: bytes(14),
  key: KEY,
  header: { index: 0, count: 1, id: 4 },
  body: bytes(99),
  size: 512 as const,
}
saveWithFaults('frames', 'group', sealGroupFrame(crypto, group))
const header = { root: bytes(32), index: 0, count: 1, size: 500, length: 500 }
saveWithFaults('frames', 'chunk', sealChunk(crypto, { key: KEY, header, data: bytes(500) }))
const handshake = { introKey: INTRO_KEY.publicKey, payload: bytes(400) }
saveWithFaults('frames', 'handshake', sealHandshakeFrame(crypto, handshake))

save('stream', 'good-two', Uint8Array.from([...prefixFrame(bytes(128)), ...prefixFrame(bytes(512))]))
save('stream', 'good-partial', prefixFrame(bytes(512)).subarray(0, 300))
save('stream', 'bad-code', Uint8Array.of(6, 1, 2))
save('stream', 'bad-second', Uint8Array.from([...prefixFrame(bytes(128)), 99, 0]))

const leaf = (id: number) => ({ values: { id: Uint8Array.of(id) }, unknown: [] })
const noted = { values: { id: Uint8Array.of(9), note: bytes(3) }, unknown: [record(200, 2)] }
const branches = [
  { values: { leaf: [leaf(1), leaf(2)] }, unknown: [] },
  { values: { leaf: [noted], text: bytes(260) }, unknown: [record(254, 0)] },
]
const full = encodeFields(SCHEMA, { key: bytes(4), branch: branches, rest: bytes(300), option: bytes(1) }, [
  record(131, 3),
])
save('fields', 'good-full', full)
save('fields', 'good-least', encodeFields(SCHEMA, { key: bytes(4) }))
save('fields', 'good-unknown', encodeFields(SCHEMA, { key: bytes(4) }, [record(128, 1), record(128, 1)]))
save('fields', 'bad-padded', Uint8Array.from([...full, 0, 0, 0]))
save('fields', 'bad-cut', full.subarray(0, full.length - 1))
save('fields', 'bad-key-short', encodeRecords([record(1, 3)]))
save('fields', 'bad-key-twice', encodeRecords([record(1, 4), record(1, 4)]))
save('fields', 'bad-order', encodeRecords([record(1, 4), record(7, 1), { type: 3, value: new Uint8Array() }]))
save('fields', 'bad-branch-empty', encodeRecords([record(1, 4), { type: 3, value: new Uint8Array() }]))
save(
  'fields',
  'bad-branches-four',
  encodeRecords([
    record(1, 4),
    ...[1, 2, 3, 4].map(() => ({
      type: 3,
      value: encodeRecords([{ type: 1, value: Uint8Array.of(1, 1, 5) }]),
    })),
  ]),
)
save(
  'fields',
  'bad-critical-inside',
  encodeRecords([
    record(1, 4),
    { type: 3, value: encodeRecords([{ type: 1, value: Uint8Array.of(1, 1, 5, 9, 0) }]) },
  ]),
)
save(
  'fields',
  'bad-length-inside',
  encodeRecords([record(1, 4), { type: 3, value: Uint8Array.of(0xff, 0, 1, 0xff, 0xff) }]),
)

function deep(levels: number): Uint8Array {
  let input: Uint8Array = new Uint8Array()
  for (let i = 0; i < levels; i++) input = encodeRecords([{ type: i % 2 === 0 ? 1 : 200, value: input }])
  return input
}
save('tree', 'good-empty', new Uint8Array())
save(
  'tree',
  'good-mixed',
  encodeRecords([{ type: 1, value: deep(3) }, record(5, 300), { type: 2, value: deep(2) }]),
)
save('tree', 'good-deepest', deep(7))
save('tree', 'bad-deeper', deep(8))
save('tree', 'bad-deep', deep(2000))
save(
  'tree',
  'bad-many',
  encodeRecords([{ type: 1, value: new Uint8Array(2050).map((_, i) => (i % 2 === 0 ? 7 : 0)) }]),
)
save('tree', 'bad-cut-inside', encodeRecords([{ type: 1, value: Uint8Array.of(7, 9, 1) }]))

function structures(...tails: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(tails.reduce((sum, tail) => sum + layoutLength(LAYOUT, tail.length), 0))
  const cursor = layoutCursor(LAYOUT, out)
  let at = 0
  for (const tail of tails) {
    at = cursor.begin(at, tail.length)
    cursor.setNumber(LAYOUT.fields.sequence, 2 ** 53 - 1)
    cursor.setU64(LAYOUT.fields.time, 1, 0xffff_ffff)
    cursor.setBytes(LAYOUT.fields.key, bytes(32))
    cursor.setBytes(LAYOUT.fields.short, bytes(5))
    cursor.setTail(tail)
  }
  return out
}
const two = structures(bytes(3), bytes(600))
const edit = (at: number, ...values: number[]): Uint8Array => {
  const copy = Uint8Array.from(two)
  copy.set(values, at)
  return copy
}
save('layout', 'good-empty', new Uint8Array())
save('layout', 'good-one', structures(new Uint8Array()))
save('layout', 'good-two', two)
save('layout', 'bad-cut', two.subarray(0, two.length - 8))
save('layout', 'bad-unaligned', two.subarray(0, two.length - 3))
save('layout', 'bad-id', edit(0, 1))
save('layout', 'bad-zero', edit(2, 1))
save('layout', 'bad-tail-beyond', edit(4, 0x59, 2))
save('layout', 'bad-tail-end', edit(4, 0xff, 0xff, 0xff, 0xff))
save('layout', 'bad-tail-half', edit(4, 0xf8, 0xff, 0xff, 0x7f))
save('layout', 'bad-gap', edit(8 + 8 + 32 + 5, 1))
save('layout', 'bad-padding', edit(LAYOUT.fixedBytes + 3, 1))
save('layout', 'bad-second', edit(layoutLength(LAYOUT, 3), 1))
