import {
  readU16,
  readU24,
  readU32,
  readU64,
  writeU8,
  writeU16,
  writeU24,
  writeU32,
  writeU64,
} from '@hyphae/tlv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refusal, u64 } from './support.js'

const KINDS = [
  ['u8', 1, writeU8, (bytes: Uint8Array, at: number) => bytes[at] as number],
  ['u16', 2, writeU16, readU16],
  ['u24', 3, writeU24, readU24],
  ['u32', 4, writeU32, readU32],
  ['u64', 8, writeU64, readU64],
] as const

describe.each(KINDS)('%s', (_name, length, write, read) => {
  const max = Math.min(2 ** (8 * length) - 1, Number.MAX_SAFE_INTEGER)

  it('is little-endian, touches its own bytes only, and reads back', () => {
    fc.assert(
      fc.property(u64, fc.nat({ max: 3 }), (number, offset) => {
        const value = Math.min(number, max)
        const bytes = new Uint8Array(12).fill(0xaa)
        write(bytes, offset, value)
        const twin = new Uint8Array(12).fill(0xaa)
        let rest = BigInt(value)
        for (let i = 0; i < length; i++, rest >>= 8n) twin[offset + i] = Number(rest & 0xffn)
        expect(bytes).toEqual(twin)
        expect(read(bytes, offset)).toBe(value)
      }),
    )
  })

  it('refuses what does not fit and writes nothing', () => {
    const bytes = new Uint8Array(8).fill(0xaa)
    for (const wrong of [-1, max + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(refusal(() => write(bytes, 0, wrong))).toBe('tlv/bad-number')
    }
    expect(bytes).toEqual(new Uint8Array(8).fill(0xaa))
  })
})

it('reads no u64 beyond 2^53 - 1', () => {
  const bytes = new Uint8Array(8).fill(0xff)
  bytes.fill(0, 7)
  bytes[6] = 0x1f
  expect(readU64(bytes, 0)).toBe(Number.MAX_SAFE_INTEGER)
  for (const [at, value] of [
    [6, 0x20],
    [7, 1],
    [7, 0x80],
  ] as const) {
    const large = Uint8Array.from(bytes)
    large[at] = value
    expect(refusal(() => readU64(large, 0))).toBe('tlv/bad-number')
  }
})
