import { concatBytes, FRAME_SIZES, type FrameSize } from '@hyphae/core'
import { coverFrame, frameCursor, frameTag } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import { crypto, refusal, withByte } from './support.js'

const blockOf = (count: number, size: FrameSize): Uint8Array =>
  concatBytes(...Array.from({ length: count }, () => coverFrame(crypto, size)))

describe.each(FRAME_SIZES)('a block of frames of %i bytes', (size) => {
  it.each([0, 1, 5])('of %i is read as DataView reads it', (count) => {
    const block = blockOf(count, size)
    const view = new DataView(block.buffer, block.byteOffset)
    const cursor = frameCursor(block, size)
    expect(cursor.count).toBe(count)
    for (let round = 0; round < 2; round++) {
      for (let at = 0; at < block.length; at += size) {
        expect(cursor.next()).toBe(true)
        expect(cursor.offset).toBe(at)
        expect(cursor.tagHead()).toBe(view.getUint16(at + 2, true))
        for (const i of [0, 1, 2] as const) {
          expect(cursor.tagWord(i)).toBe(view.getUint32(at + 4 + 4 * i, true))
        }
        expect(cursor.frame()).toEqual(block.slice(at, at + size))
        expect(cursor.tag()).toEqual(frameTag(cursor.frame()))
      }
      expect([cursor.next(), cursor.next()]).toEqual([false, false])
      cursor.reset()
    }
  })

  it('is refused with a length that is not whole', () => {
    const block = blockOf(2, size)
    expect(refusal(() => frameCursor(block.subarray(1), size))).toBe('tlv/bad-frame')
    expect(refusal(() => frameCursor(block.subarray(0, block.length - 1), size))).toBe('tlv/bad-frame')
    expect(refusal(() => frameCursor(block, 0 as FrameSize))).toBe('tlv/bad-frame')
    expect(refusal(() => frameCursor(block, 64 as FrameSize))).toBe('tlv/bad-frame')
  })

  it('is refused where it does not lie on words, and read at any word', () => {
    const backing = new Uint8Array(size + 8)
    backing.set(blockOf(1, size), 4)
    expect(frameCursor(backing.subarray(4, 4 + size), size).next()).toBe(true)
    for (const shift of [1, 2, 3]) {
      const unaligned = backing.subarray(shift, shift + size)
      expect(refusal(() => frameCursor(unaligned, size))).toBe('tlv/bad-layout')
    }
  })

  it('ends at a frame of another version, where it stays', () => {
    const block = blockOf(3, size)
    for (const broken of [withByte(block, size, 2), withByte(block, size + 1, 1)]) {
      const cursor = frameCursor(broken, size)
      expect(cursor.next()).toBe(true)
      for (let again = 0; again < 2; again++) {
        expect(refusal(() => cursor.next())).toBe('tlv/bad-frame')
        expect(cursor.offset).toBe(0)
        expect(cursor.frame()).toEqual(block.slice(0, size))
      }
    }
  })
})
