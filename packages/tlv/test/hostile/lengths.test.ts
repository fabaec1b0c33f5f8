/** Lengths and depths that nobody honest writes: refused by what they say, before anything is made of them. */
import { concatBytes } from '@hyphae/core'
import {
  decodeDirectoryRecord,
  decodeStockUpload,
  defineLayout,
  defineSchema,
  encodeRecords,
  encodeStockUpload,
  layoutCursor,
  MAX_DEPTH,
  MAX_RECORDS,
  MAX_STOCK_ITEMS,
  readFields,
  readRecords,
  readTree,
  recordCursor,
  type Schema,
  signStockUpload,
} from '@hyphae/tlv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crypto, heapGrowth, refusal } from '../support.js'

const MIB = 1024 * 1024
/** Attempts of each kind: what one of them kept would show a thousandfold. */
const ATTEMPTS = 1000

const LEAF = defineSchema([
  { type: 1, name: 'bytes', required: false },
  { type: 2, name: 'more', required: false },
])
const BRANCH = defineSchema([
  { type: 1, name: 'leaves', repeat: MAX_RECORDS, fields: LEAF, required: false },
  { type: 2, name: 'text', required: false },
])

/** Headers that claim up to 65,535 bytes, followed by fewer. */
const FALSE_LENGTHS: readonly Uint8Array[] = [
  [0xff, 0, 1, 0xff, 0xff],
  [0xff, 0, 1, 0xff, 0xff, 1, 2, 3],
  [0xff, 0, 2, 0, 0x80, 7],
  [1, 254],
  [1, 254, ...new Array<number>(253).fill(7)],
  [2, 0, 0xff, 0, 200, 0xff, 0xff],
].map((list) => Uint8Array.from(list))

/** The same inside a record that is whole. */
const inside = (value: Uint8Array): Uint8Array => encodeRecords([{ type: 1, value }])

describe('hostile 2: a false length', () => {
  it.each([
    ['of a record', (input: Uint8Array) => readRecords(input)],
    [
      'of a record under a cursor',
      (input: Uint8Array) => {
        const cursor = recordCursor(input)
        while (cursor.next());
      },
    ],
    ['of a field', (input: Uint8Array) => readFields(input, BRANCH)],
    ['of a field inside a field', (input: Uint8Array) => readFields(inside(input), BRANCH)],
    ['of a record inside a record', (input: Uint8Array) => readTree(inside(input), { nested: new Set([1]) })],
  ])('%s allocates nothing', (_, read) => {
    for (const input of FALSE_LENGTHS) expect(refusal(() => read(input))).toBe('tlv/truncated')
    const grown = heapGrowth(() => {
      for (let i = 0; i < ATTEMPTS; i++) {
        const input = FALSE_LENGTHS[i % FALSE_LENGTHS.length] as Uint8Array
        try {
          read(input)
        } catch {
          continue
        }
        throw new Error('not refused')
      }
    })
    // A thousand errors with their stacks, and not one buffer of the 65,535 bytes that were claimed.
    expect(grown).toBeLessThan(8 * MIB)
    const once = heapGrowth(() => {
      for (const input of FALSE_LENGTHS) expect(refusal(() => read(input))).toBe('tlv/truncated')
    })
    expect(once).toBeLessThan(MIB)
  })

  it('and false counts of stock and record decoders allocate nothing', () => {
    const claims = [400, 2000].flatMap((length) =>
      [0x7f, 0xff].map((fill) => new Uint8Array(length).fill(fill).fill(1, 0, 2)),
    )
    const grown = heapGrowth(() => {
      for (const input of claims) {
        expect(refusal(() => decodeStockUpload(input))).toMatch(/^tlv\//)
        expect(refusal(() => decodeDirectoryRecord(input))).toMatch(/^tlv\//)
      }
    })
    expect(grown).toBeLessThan(MIB)
  })

  it('a stock of more items than are allowed is refused by its count, though they are all there', () => {
    const writer = crypto.ed25519.generate()
    const items = Array.from({ length: MAX_STOCK_ITEMS }, () => Uint8Array.of(7))
    const stock = { kind: 1, sequence: 1, items, lastResort: new Uint8Array(0), replace: false }
    const good = encodeStockUpload(signStockUpload(crypto, writer, stock))
    expect(decodeStockUpload(good).items.length).toBe(MAX_STOCK_ITEMS)
    const longer = concatBytes(good.subarray(0, -64), Uint8Array.of(1, 0, 7), good.subarray(-64))
    // The count, u16, behind version, writer, kind, sequence and flags.
    longer.set([(MAX_STOCK_ITEMS + 1) & 255, (MAX_STOCK_ITEMS + 1) >> 8], 43)
    expect(refusal(() => decodeStockUpload(longer))).toBe('tlv/bad-length')
  })

  it('of a layout’s tail, up to 2³² − 1, allocates nothing', () => {
    const layout = defineLayout({ id: 1, fields: { key: 8 }, maxTail: 0x7fff_ffff })
    const buffer = new Uint8Array(64)
    buffer[0] = 1
    const words = new Uint32Array(buffer.buffer)
    const grown = heapGrowth(() => {
      for (const tail of [49, 50, 2 ** 30, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff]) {
        words[1] = tail
        expect(refusal(() => layoutCursor(layout, buffer).next())).toMatch(/^tlv\/(truncated|bad-frame)$/)
      }
    })
    expect(grown).toBeLessThan(MIB)
  })
})

/** `levels` records, one inside the other, of the given types in turn, around `core`. */
function nest(levels: number, types: readonly number[], core: Uint8Array): Uint8Array {
  let input = core
  for (let i = 0; i < levels; i++) {
    input = encodeRecords([{ type: types[i % types.length] as number, value: input }])
  }
  return input
}

/** Every level of a schema that nests `levels` deep. */
function schemaOf(levels: number): Schema {
  let schema: Schema = LEAF
  for (let i = 1; i < levels; i++) {
    schema = defineSchema([{ type: 1, name: 'inner', required: false, fields: schema }])
  }
  return schema
}

describe('hostile 3: depth', () => {
  it('of a tree is bounded, wherever in it and whatever the depth: accepted to the limit, refused beyond', () => {
    const nested = new Set([1, 2, 200])
    const around = fc.array(
      fc.record({ type: fc.integer({ min: 3, max: 100 }), value: fc.uint8Array({ maxLength: 4 }) }),
      {
        maxLength: 3,
      },
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 20 }),
        fc.shuffledSubarray([1, 2, 200], { minLength: 1 }),
        around,
        around,
        (levels, maxDepth, types, before, after) => {
          const value = nest(levels, types, new Uint8Array(0))
          const input = encodeRecords([...before, { type: 2, value }, ...after])
          // The record here is one level, and the empty inside of the innermost another.
          const depth = levels + 2
          const read = (): unknown => readTree(input, { nested, maxDepth })
          if (depth <= maxDepth) expect(read).not.toThrow()
          else expect(refusal(read)).toBe('tlv/too-deep')
        },
      ),
      { numRuns: 300 },
    )
  })

  it('of 13,000 levels is refused at the ninth, whatever lies below', () => {
    const deepest = nest(13_000, [1], new Uint8Array(0))
    expect(deepest.length).toBeGreaterThan(60_000)
    expect(refusal(() => readTree(deepest, { nested: new Set([1]) }))).toBe('tlv/too-deep')
    const broken = nest(MAX_DEPTH, [1], Uint8Array.of(0xff, 0xff, 0xff))
    expect(refusal(() => readTree(broken, { nested: new Set([1]) }))).toBe('tlv/too-deep')
    expect(
      refusal(() => readTree(nest(MAX_DEPTH - 1, [1], Uint8Array.of(0xff)), { nested: new Set([1]) })),
    ).toBe('tlv/truncated')
  })

  it('of fields is the schema’s: a schema nests to the limit and no deeper, and input nests as its schema does', () => {
    expect(schemaOf(MAX_DEPTH).depth).toBe(MAX_DEPTH)
    expect(refusal(() => schemaOf(MAX_DEPTH + 1))).toBe('tlv/too-deep')
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: MAX_DEPTH }),
        fc.integer({ min: 0, max: 60 }),
        (levels, extra) => {
          const schema = schemaOf(levels)
          // Below the schema's last level, records are bytes: however deep they nest, nobody looks.
          const input = nest(levels + extra, [1], new Uint8Array(0))
          expect(() => readFields(input, schema)).not.toThrow()
          const wrong = nest(levels, [1], new Uint8Array(0)).slice(0, -1)
          expect(refusal(() => readFields(wrong, schema))).toBe('tlv/truncated')
        },
      ),
      { numRuns: 100 },
    )
  })
})
