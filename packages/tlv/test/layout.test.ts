import { defineLayout, layoutCursor, layoutLength, MAX_LAYOUT_FIELDS, wordsOf } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import { refusal, text, withByte } from './support.js'

const NOTE = defineLayout({ id: 0x1234, fields: { from: 32, at: 'u64', mark: 5 }, maxTail: 100 })
const { from, at, mark } = NOTE.fields

/** One note with a tail of 3 bytes, 72 bytes long. */
function note(): Uint8Array {
  const buffer = new Uint8Array(layoutLength(NOTE, 3))
  const cursor = layoutCursor(NOTE, buffer)
  cursor.begin(0, 3)
  cursor.setBytes(from, text(32))
  cursor.setNumber(at, 2 ** 40 + 5)
  cursor.setBytes(mark, text(5))
  cursor.setTail(text(3))
  return buffer
}

describe('defineLayout', () => {
  it('lays fields out on multiples of 8', () => {
    expect([from.word, at.word, mark.word]).toEqual([2, 10, 12])
    expect([from.size, at.kind, mark.size]).toEqual([32, 'u64', 5])
    expect(NOTE.fixedBytes).toBe(8 + 32 + 8 + 8)
    expect(NOTE.gaps).toEqual([{ start: 53, length: 3 }])
    expect([0, 1, 8, 9].map((tail) => layoutLength(NOTE, tail))).toEqual([56, 64, 64, 72])
    expect(Object.isFrozen(NOTE) && Object.isFrozen(NOTE.fields) && Object.isFrozen(from)).toBe(true)
  })

  const many = Object.fromEntries(Array.from({ length: MAX_LAYOUT_FIELDS + 1 }, (_, i) => [`f${i}`, 8]))
  it.each([
    ['id 0', { id: 0, fields: {}, maxTail: 0 }],
    ['an id of 17 bits', { id: 0x1_0000, fields: {}, maxTail: 0 }],
    ['a broken id', { id: 1.5, fields: {}, maxTail: 0 }],
    ['a negative tail', { id: 1, fields: {}, maxTail: -1 }],
    ['a tail of 2^31', { id: 1, fields: {}, maxTail: 2 ** 31 }],
    ['an empty field', { id: 1, fields: { a: 0 }, maxTail: 0 }],
    ['a long field', { id: 1, fields: { a: 65_536 }, maxTail: 0 }],
    ['a broken field', { id: 1, fields: { a: 1.5 }, maxTail: 0 }],
    ['a name that objects have', { id: 1, fields: { toString: 8 }, maxTail: 0 }],
    ['too many fields', { id: 1, fields: many, maxTail: 0 }],
  ])('refuses %s', (_name, definition) => {
    expect(refusal(() => defineLayout(definition))).toBe('tlv/bad-layout')
  })

  it('refuses lengths of tails that it does not allow', () => {
    for (const wrong of [-1, 101, 0.5, Number.NaN]) {
      expect(refusal(() => layoutLength(NOTE, wrong))).toBe('tlv/bad-length')
    }
  })
})

describe('layoutCursor', () => {
  it('writes what DataView reads, and reads it', () => {
    const buffer = note()
    const view = new DataView(buffer.buffer)
    expect([view.getUint16(0, true), view.getUint16(2, true), view.getUint32(4, true)]).toEqual([
      0x1234, 0, 3,
    ])
    expect(buffer.slice(8, 40)).toEqual(text(32))
    expect(view.getBigUint64(40, true)).toBe(2n ** 40n + 5n)
    expect(buffer.slice(48)).toEqual(Uint8Array.from([...text(5), 0, 0, 0, ...text(3), 0, 0, 0, 0, 0]))
    const cursor = layoutCursor(NOTE, buffer)
    cursor.open(0)
    expect(cursor.bytes(from)).toEqual(text(32))
    expect([cursor.number(at), cursor.low(at), cursor.high(at)]).toEqual([2 ** 40 + 5, 5, 256])
    expect([cursor.word(from, 0), cursor.word(from, 7)]).toEqual([
      view.getUint32(8, true),
      view.getUint32(36, true),
    ])
    expect(cursor.equals(from, text(32))).toBe(true)
    for (let i = 0; i < 32; i++) expect(cursor.equals(from, withByte(text(32), i, 0xff))).toBe(false)
    expect(cursor.equals(from, text(31))).toBe(false)
    expect([cursor.tailStart, cursor.tailLength, cursor.end]).toEqual([56, 3, 64])
    expect(cursor.tail()).toEqual(text(3))
    expect(cursor.tail().buffer).toBe(buffer.buffer)
  })

  it('sets fields from words as from bytes', () => {
    const buffer = note()
    const cursor = layoutCursor(NOTE, buffer)
    cursor.open(0)
    const words = wordsOf(text(33).subarray(1))
    cursor.setWords(from, words)
    expect(cursor.bytes(from)).toEqual(text(33).slice(1))
    expect(refusal(() => cursor.setWords(from, words.subarray(1)))).toBe('tlv/bad-length')
    expect(refusal(() => cursor.setWords(mark, words))).toBe('tlv/bad-length')
    expect(refusal(() => wordsOf(text(5)))).toBe('tlv/bad-length')
    const odd = defineLayout({ id: 1, fields: { short: 12, long: 20 }, maxTail: 0 })
    const other = layoutCursor(odd, new Uint8Array(layoutLength(odd, 0)))
    other.begin(0, 0)
    other.setWords(odd.fields.short, wordsOf(text(12)))
    other.setWords(odd.fields.long, wordsOf(text(20)))
    expect([other.bytes(odd.fields.short), other.bytes(odd.fields.long)]).toEqual([text(12), text(20)])
  })

  it('walks structures that lie one behind the other', () => {
    const buffer = Uint8Array.from([...note(), ...note()])
    const cursor = layoutCursor(NOTE, buffer)
    const offsets: number[] = []
    while (cursor.next()) offsets.push(cursor.offset)
    expect(offsets).toEqual([0, 64])
    expect(cursor.next()).toBe(false)
    expect(layoutCursor(NOTE, new Uint8Array(0)).next()).toBe(false)
  })

  it('leaves nothing of what a reused buffer held before', () => {
    const buffer = new Uint8Array(64).fill(0xee)
    const cursor = layoutCursor(NOTE, buffer)
    expect(cursor.begin(0, 3)).toBe(64)
    cursor.setTail(text(3))
    expect(buffer.slice(8)).toEqual(Uint8Array.from([...new Uint8Array(48), ...text(3), 0, 0, 0, 0, 0]))
    const bare = defineLayout({ id: 9, fields: {}, maxTail: 0 })
    const small = new Uint8Array(16).fill(0xee)
    layoutCursor(bare, small).begin(0, 0)
    expect(small).toEqual(Uint8Array.from([9, 0, 0, 0, 0, 0, 0, 0, ...new Uint8Array(8).fill(0xee)]))
  })

  it('begins nothing that does not fit', () => {
    const buffer = new Uint8Array(72).fill(0xee)
    const cursor = layoutCursor(NOTE, buffer)
    expect(refusal(() => cursor.begin(0, 101))).toBe('tlv/bad-length')
    expect(refusal(() => cursor.begin(0, 17))).toBe('tlv/bad-length')
    expect(refusal(() => cursor.begin(16, 1))).toBe('tlv/bad-length')
    for (const wrong of [-8, 4, 0.5, Number.NaN]) {
      expect(refusal(() => cursor.begin(wrong, 0))).toBe('tlv/bad-frame')
    }
    expect(buffer).toEqual(new Uint8Array(72).fill(0xee))
  })

  it('takes numbers up to 2^53 - 1, and words beyond', () => {
    const cursor = layoutCursor(NOTE, note())
    cursor.open(0)
    for (const value of [0, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER]) {
      cursor.setNumber(at, value)
      expect(cursor.number(at)).toBe(value)
    }
    for (const wrong of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(refusal(() => cursor.setNumber(at, wrong))).toBe('tlv/bad-number')
    }
    cursor.setU64(at, 0xffff_fffe, 0xffff_ffff)
    expect([cursor.low(at), cursor.high(at)]).toEqual([0xffff_fffe, 0xffff_ffff])
    expect(refusal(() => cursor.number(at))).toBe('tlv/bad-number')
    cursor.setU64(at, 0, 0x20_0000)
    expect(refusal(() => cursor.number(at))).toBe('tlv/bad-number')
  })

  it('takes bytes and tails of their own length only', () => {
    const buffer = note()
    const cursor = layoutCursor(NOTE, buffer)
    cursor.open(0)
    expect(refusal(() => cursor.setBytes(from, text(31)))).toBe('tlv/bad-length')
    expect(refusal(() => cursor.setBytes(mark, text(8)))).toBe('tlv/bad-length')
    expect(refusal(() => cursor.setTail(text(4)))).toBe('tlv/bad-length')
    expect(buffer).toEqual(note())
  })

  it('refuses a buffer that is not aligned, and reads at any multiple of 8', () => {
    const backing = new Uint8Array(80)
    backing.set(note(), 8)
    expect(layoutCursor(NOTE, backing.subarray(8, 72)).next()).toBe(true)
    for (let shift = 1; shift < 8; shift++) {
      expect(refusal(() => layoutCursor(NOTE, backing.subarray(shift)))).toBe('tlv/bad-layout')
    }
  })
})

describe('a layout cursor on a hostile buffer', () => {
  function opened(buffer: Uint8Array, offset = 0): string {
    const cursor = layoutCursor(NOTE, buffer)
    const code = refusal(() => cursor.open(offset))
    expect([cursor.offset, cursor.end, cursor.tailLength]).toEqual([0, 0, 0])
    return code
  }

  it('refuses every prefix', () => {
    for (let end = 0; end < 64; end++) expect(opened(note().slice(0, end))).toBe('tlv/truncated')
  })

  it('refuses another id, and the two bytes after it', () => {
    for (const byte of [0, 1, 2, 3]) expect(opened(withByte(note(), byte, 0x77))).toBe('tlv/bad-frame')
  })

  it('hostile 2: refuses a tail that is not there, up to 2^32 - 1', () => {
    expect(opened(withByte(note(), 4, 9))).toBe('tlv/truncated')
    expect(opened(withByte(note(), 4, 101))).toBe('tlv/bad-frame')
    for (const byte of [5, 6, 7]) expect(opened(withByte(note(), byte, 0xff))).toBe('tlv/bad-frame')
    const wide = defineLayout({ id: 0x1234, fields: { from: 32, at: 'u64', mark: 5 }, maxTail: 0x7fff_ffff })
    for (const high of [0x1f, 0x40, 0x7f]) {
      const huge = withByte(withByte(note(), 7, high), 4, 0xff)
      expect(refusal(() => layoutCursor(wide, huge).open(0))).toBe('tlv/truncated')
    }
  })

  it('refuses padding that is not zero, after fields and after the tail', () => {
    for (const byte of [53, 54, 55, 59, 60, 61, 62, 63]) {
      expect(opened(withByte(note(), byte, 1))).toBe('tlv/bad-padding')
    }
  })

  it('refuses offsets that no structure has', () => {
    for (const offset of [1, 4, 7, -8, 0.5, Number.NaN, 2 ** 32])
      expect(opened(note(), offset)).toBe('tlv/bad-frame')
    expect(opened(note(), 64)).toBe('tlv/truncated')
    expect(opened(note(), 2 ** 30)).toBe('tlv/truncated')
  })

  it('stays on the good structure when the next is bad', () => {
    const cursor = layoutCursor(NOTE, Uint8Array.from([...note(), ...withByte(note(), 0, 1)]))
    expect(cursor.next()).toBe(true)
    expect(refusal(() => cursor.next())).toBe('tlv/bad-frame')
    expect([cursor.offset, cursor.end]).toEqual([0, 64])
    expect(cursor.bytes(from)).toEqual(text(32))
  })
})
