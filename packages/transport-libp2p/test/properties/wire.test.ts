import { concatBytes, FRAME_SIZES, toHex } from '@hyphae/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  createRecordReader,
  encodeRecord,
  HELLO_BYTES,
  KIND_BUSY,
  KIND_FRAME,
  KIND_HELLO,
  KIND_WELCOME,
} from '../../src/wire.js'

const record = fc.oneof(
  fc.tuple(fc.constant(KIND_FRAME), fc.constantFrom(...FRAME_SIZES)),
  fc.tuple(fc.constantFrom(KIND_HELLO, KIND_WELCOME, KIND_BUSY), fc.constant(HELLO_BYTES)),
)

const body = (length: number, index: number): Uint8Array => new Uint8Array(length).fill(index + 1)

it('hostile 7: records are the same however the bytes arrive', () => {
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 6 }),
      fc.array(fc.nat(9000), { maxLength: 12 }),
      (records, cuts) => {
        const bytes = concatBytes(
          ...records.map(([kind, length], index) => encodeRecord(kind, body(length, index))),
        )
        const reader = createRecordReader()
        const got: string[] = []
        let at = 0
        for (const cut of [
          ...cuts.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b),
          bytes.length,
        ]) {
          reader.push(bytes.slice(at, cut), (kind, content) => got.push(`${kind}:${toHex(content)}`))
          at = cut
        }
        expect(got).toEqual(records.map(([kind, length], index) => `${kind}:${toHex(body(length, index))}`))
        expect(reader.partial).toBe(false)
      },
    ),
    { numRuns: 100 },
  )
})

it('hostile 1: other kinds and lengths end it, and never with another error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const reader = createRecordReader()
      const seen: number[] = []
      try {
        reader.push(bytes, (_kind, content) => seen.push(content.length))
      } catch (error) {
        expect(error).toMatchObject({ code: 'libp2p/broken' })
      }
      for (const length of seen) expect([HELLO_BYTES, ...FRAME_SIZES]).toContain(length)
    }),
    { numRuns: 500 },
  )
})

it('hostile 2: a length is refused before a byte of the record is kept', () => {
  for (const kind of [KIND_HELLO, KIND_WELCOME, KIND_BUSY, KIND_FRAME])
    for (const length of [0, 1, 99, 101, 127, 129, 513, 4097, 65_535]) {
      const reader = createRecordReader()
      const header = Uint8Array.of(kind, length & 0xff, length >> 8)
      expect(() => reader.push(header, () => {})).toThrow()
    }
})
