import {
  defineSchema,
  encodeFields,
  encodeRecords,
  type ReadFields,
  readFields,
  readRecords,
  readTree,
  recordCursor,
  recordLength,
  TlvError,
  type TlvNode,
  type TlvRecord,
} from '@hyphae/tlv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accepted, bytesOf, nearMisses, type, value } from '../support.js'

const records: fc.Arbitrary<TlvRecord[]> = fc.array(fc.record({ type, value }), { maxLength: 12 })
const smallRecords = fc.array(fc.record({ type, value: bytesOf(6) }), { maxLength: 5 })

/** The grammar once more, as plainly as it can be said: what an input means, or null. */
function twin(input: Uint8Array): TlvRecord[] | null {
  if (input.length === 0) return []
  const escaped = input[0] === 255
  const start = escaped ? 5 : 2
  if (input.length < start) return null
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  const kind = view.getUint8(escaped ? 2 : 0)
  const length = escaped ? view.getUint16(3, true) : view.getUint8(1)
  const canonical = escaped ? view.getUint8(1) === 0 && length >= 255 : length <= 254
  if (!canonical || kind === 0 || kind === 255 || start + length > input.length) return null
  const rest = twin(input.subarray(start + length))
  return rest === null ? null : [{ type: kind, value: input.slice(start, start + length) }, ...rest]
}

/** Bytes that look like records often enough to be read now and then. */
const recordish = fc.oneof(
  bytesOf(24),
  fc.array(fc.constantFrom(0, 1, 2, 3, 254, 255), { maxLength: 24 }).map((list) => Uint8Array.from(list)),
  records.map(encodeRecords),
)

describe('properties of records', () => {
  it('what is written reads back, at the length that was foretold', () => {
    fc.assert(
      fc.property(records, (list) => {
        const encoded = encodeRecords(list)
        expect(encoded.length).toBe(list.reduce((sum, { value: v }) => sum + recordLength(v.length), 0))
        expect(readRecords(encoded)).toEqual(list)
      }),
    )
  })

  it('hostile 1: any bytes are read as the readable twin reads them, and written back the same', () => {
    fc.assert(
      fc.property(recordish, (input) => {
        const read = accepted(() => readRecords(input))
        expect(read).toEqual(twin(input))
        if (read !== null) expect(encodeRecords(read)).toEqual(input)
      }),
      { numRuns: 2000 },
    )
  })

  it('hostile 1: every prefix and every flipped bit gives records or a TlvError', () => {
    fc.assert(
      fc.property(smallRecords, (list) => {
        for (const input of nearMisses(encodeRecords(list))) {
          const read = accepted(() => readRecords(input))
          if (read !== null) expect(encodeRecords(read)).toEqual(input)
        }
      }),
    )
  })

  it('zero padding changes nothing but where the records end', () => {
    fc.assert(
      fc.property(records, fc.nat({ max: 40 }), (list, zeros) => {
        const encoded = encodeRecords(list)
        const padded = new Uint8Array(encoded.length + zeros)
        padded.set(encoded)
        expect(readRecords(padded, { padding: true })).toEqual(list)
        if (zeros > 0) expect(accepted(() => readRecords(padded))).toBeNull()
      }),
    )
  })

  it('a cursor sees what readRecords returns', () => {
    fc.assert(
      fc.property(recordish, (input) => {
        const cursor = recordCursor(input)
        const seen: TlvRecord[] = []
        const whole = accepted(() => {
          while (cursor.next()) seen.push({ type: cursor.type, value: input.slice(cursor.start, cursor.end) })
          return seen
        })
        expect(whole).toEqual(accepted(() => readRecords(input)))
      }),
    )
  })
})

const INNER = defineSchema([
  { type: 1, name: 'id', size: 1 },
  { type: 2, name: 'more', required: false },
])
const SCHEMA = defineSchema([
  { type: 1, name: 'a', size: 2 },
  { type: 2, name: 'b', repeat: 3, required: false },
  { type: 3, name: 'c', repeat: 2, required: false, fields: INNER },
  { type: 130, name: 'd', max: 4, required: false },
])

const unknownOf = (reserved: readonly number[]): fc.Arbitrary<TlvRecord[]> =>
  fc
    .array(fc.record({ type: fc.integer({ min: 128, max: 254 }), value: bytesOf(5) }), { maxLength: 3 })
    .map((list) => list.filter((one) => !reserved.includes(one.type)).sort((x, y) => x.type - y.type))

const inner: fc.Arbitrary<ReadFields<(typeof INNER)['fields']>> = fc.record({
  values: fc.record(
    { id: fc.uint8Array({ minLength: 1, maxLength: 1 }), more: bytesOf(4) },
    { requiredKeys: ['id'] },
  ),
  unknown: unknownOf([]),
})
const structure: fc.Arbitrary<ReadFields<(typeof SCHEMA)['fields']>> = fc.record({
  values: fc.record(
    {
      a: fc.uint8Array({ minLength: 2, maxLength: 2 }),
      b: fc.array(value, { minLength: 1, maxLength: 3 }),
      c: fc.array(inner, { minLength: 1, maxLength: 2 }),
      d: bytesOf(4),
    },
    { requiredKeys: ['a'] },
  ),
  unknown: unknownOf([130]),
})

describe('properties of fields', () => {
  it('what is written reads back, with what the schema does not know', () => {
    fc.assert(
      fc.property(structure, ({ values, unknown }) => {
        expect(readFields(encodeFields(SCHEMA, values, unknown), SCHEMA)).toEqual({ values, unknown })
      }),
    )
  })

  it('hostile 1: every prefix and every flipped bit gives a TlvError or another structure, written back the same', () => {
    fc.assert(
      fc.property(structure, ({ values, unknown }) => {
        const encoded = encodeFields(SCHEMA, values, unknown)
        for (const input of nearMisses(encoded.subarray(0, 120))) {
          const read = accepted(() => readFields(input, SCHEMA))
          if (read !== null) expect(encodeFields(SCHEMA, read.values, read.unknown)).toEqual(input)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('hostile 5: any other order of different records is refused', () => {
    fc.assert(
      fc.property(structure, fc.nat(), fc.nat(), ({ values, unknown }, i, j) => {
        const list = readRecords(encodeFields(SCHEMA, values, unknown))
        const [x, y] = [i % list.length, j % list.length]
        const swapped = [...list]
        ;[swapped[x], swapped[y]] = [list[y] as TlvRecord, list[x] as TlvRecord]
        const sorted = swapped.every((one, at) => at === 0 || one.type >= (swapped[at - 1] as TlvRecord).type)
        if (sorted) return
        expect(() => readFields(encodeRecords(swapped), SCHEMA)).toThrow(TlvError)
      }),
    )
  })
})

describe('properties of trees', () => {
  const nested = new Set([1, 2])
  const flat = (nodes: readonly TlvNode[]): TlvRecord[] =>
    nodes.map((node) => ({
      type: node.type,
      value: node.children === undefined ? node.value : encodeRecords(flat(node.children)),
    }))

  it('hostile 1: any bytes are a TlvError or a tree that writes back the same', () => {
    fc.assert(
      fc.property(recordish, (input) => {
        const tree = accepted(() => readTree(input, { nested }))
        if (tree !== null) expect(encodeRecords(flat(tree))).toEqual(input)
      }),
      { numRuns: 1000 },
    )
  })
})
