/** The cursor reads and writes aligned words; its readable twins here use DataView and slices only. */
import {
  defineLayout,
  type Layout,
  type LayoutCursor,
  layoutCursor,
  layoutLength,
  wordsOf,
} from '@hyphae/tlv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accepted, text, u64 } from '../support.js'

type Kinds = Record<string, 'u64' | number>
interface Structure {
  readonly numbers: number[]
  readonly bytes: number[]
  readonly tail: Uint8Array
}

const kinds: fc.Arbitrary<Kinds> = fc
  .array(fc.oneof(fc.constant('u64' as const), fc.integer({ min: 1, max: 40 })), { maxLength: 6 })
  .map((list) => Object.fromEntries(list.map((kind, i) => [`f${i}`, kind])))

const structure = fc.record({
  numbers: fc.array(u64, { minLength: 6, maxLength: 6 }),
  bytes: fc.array(fc.nat({ max: 255 }), { minLength: 6, maxLength: 6 }),
  tail: fc.uint8Array({ maxLength: 90 }),
})

const roundUp = (length: number): number => length + ((8 - (length % 8)) % 8)

/** The value of field `i` when it is bytes: `size` of them, told apart by `seed`. */
const bytesFor = (size: number, seed: number): Uint8Array => text(size).map((byte) => byte ^ seed)

function writtenByTwin(id: number, fields: Kinds, { numbers, bytes, tail }: Structure): Uint8Array {
  const parts: number[] = []
  const put = (chunk: Iterable<number>): void => {
    parts.push(...chunk)
    while (parts.length % 8 !== 0) parts.push(0)
  }
  const header = new DataView(new ArrayBuffer(8))
  header.setUint16(0, id, true)
  header.setUint32(4, tail.length, true)
  put(new Uint8Array(header.buffer))
  Object.values(fields).forEach((kind, i) => {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigUint64(0, BigInt(numbers[i] as number), true)
    put(kind === 'u64' ? new Uint8Array(view.buffer) : bytesFor(kind, bytes[i] as number))
  })
  put(tail)
  return Uint8Array.from(parts)
}

function writtenByCursor(layout: Layout, cursor: LayoutCursor, at: number, value: Structure): number {
  // Every field is set below, so both beginnings must come to the same bytes.
  const { length } = value.tail
  const end = length % 2 === 0 ? cursor.begin(at, length) : cursor.unsafeBegin(at, length)
  Object.values(layout.fields).forEach((field, i) => {
    if (field.kind === 'u64') cursor.setNumber(field, value.numbers[i] as number)
    else {
      const bytes = bytesFor(field.size, value.bytes[i] as number)
      if (field.size % 4 === 0 && i % 2 === 0) cursor.setWords(field, wordsOf(bytes))
      else cursor.setBytes(field, bytes)
    }
  })
  cursor.setTail(value.tail)
  return end
}

/** What the bytes at `at` mean, or null: the check of `open`, said plainly. */
function readByTwin(
  layout: Layout,
  buffer: Uint8Array,
  at: number,
): { end: number; tail: Uint8Array } | null {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  if (at + layout.fixedBytes > buffer.length) return null
  const tailLength = view.getUint32(at + 4, true)
  if (view.getUint16(at, true) !== layout.id || view.getUint16(at + 2, true) !== 0) return null
  const tailStart = at + layout.fixedBytes
  const end = roundUp(tailStart + tailLength)
  if (tailLength > layout.maxTail || end > buffer.length) return null
  const zero = (from: number, to: number): boolean => buffer.slice(from, to).every((byte) => byte === 0)
  for (const field of Object.values(layout.fields)) {
    if (field.kind === 'u64') continue
    const after = at + field.word * 4 + field.size
    if (!zero(after, roundUp(after))) return null
  }
  return zero(tailStart + tailLength, end)
    ? { end, tail: buffer.slice(tailStart, tailStart + tailLength) }
    : null
}

function expectSameFields(layout: Layout, cursor: LayoutCursor, buffer: Uint8Array): void {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  for (const field of Object.values(layout.fields)) {
    const at = cursor.offset + field.word * 4
    if (field.kind === 'u64') {
      expect(cursor.low(field)).toBe(view.getUint32(at, true))
      expect(cursor.high(field)).toBe(view.getUint32(at + 4, true))
      const exact = view.getBigUint64(at, true)
      const number = accepted(() => cursor.number(field))
      expect(number).toBe(exact > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(exact))
    } else {
      const bytes = buffer.slice(at, at + field.size)
      expect(cursor.bytes(field)).toEqual(bytes)
      expect(cursor.equals(field, bytes)).toBe(true)
      for (let i = 0; i * 4 + 4 <= field.size; i++) {
        expect(cursor.word(field, i)).toBe(view.getUint32(at + i * 4, true))
      }
    }
  }
}

describe('properties of layouts', () => {
  it('the cursor writes what the readable twin writes, into any old data, and reads it back', () => {
    fc.assert(
      fc.property(kinds, fc.array(structure, { minLength: 1, maxLength: 3 }), (fields, list) => {
        const layout: Layout = defineLayout({ id: 0xbeef, fields, maxTail: 90 })
        const expected = list.map((value) => writtenByTwin(0xbeef, fields, value))
        const buffer = new Uint8Array(expected.reduce((sum, part) => sum + part.length, 0)).fill(0xa5)
        const cursor = layoutCursor(layout, buffer)
        let at = 0
        for (const value of list) at = writtenByCursor(layout, cursor, at, value)
        expect(buffer).toEqual(Uint8Array.from(expected.flatMap((part) => [...part])))
        const reader = layoutCursor(layout, buffer)
        for (const value of list) {
          expect(reader.next()).toBe(true)
          expect(reader.end - reader.offset).toBe(layoutLength(layout, value.tail.length))
          expect(reader.tail()).toEqual(value.tail)
          expectSameFields(layout, reader, buffer)
        }
        expect(reader.next()).toBe(false)
      }),
    )
  })

  it('hostile 1: any change and any cut is read as the readable twin reads it', () => {
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }))
    fc.assert(
      fc.property(
        kinds,
        structure,
        fc.array(change, { maxLength: 3 }),
        fc.nat(),
        (fields, value, changes, cut) => {
          const layout: Layout = defineLayout({ id: 0xbeef, fields, maxTail: 90 })
          const whole = writtenByTwin(0xbeef, fields, value)
          for (const [at, byte] of changes) whole[at % (at % 2 === 0 ? 8 : whole.length)] = byte
          const buffer = whole.slice(0, cut % 3 === 0 ? cut % whole.length : whole.length)
          const cursor = layoutCursor(layout, buffer)
          const opened = accepted(() => {
            cursor.open(0)
            return { end: cursor.end, tail: cursor.tail() }
          })
          expect(opened).toEqual(readByTwin(layout, buffer, 0))
          if (opened !== null) expectSameFields(layout, cursor, buffer)
          else expect([cursor.offset, cursor.end]).toEqual([0, 0])
        },
      ),
      { numRuns: 1000 },
    )
  })
})
