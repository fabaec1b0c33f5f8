import { concatBytes, FRAME_SIZES } from '@hyphae/core'
import { coverFrame, frameSplitter, prefixFrame } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import { crypto, refusal } from './support.js'

const frames = FRAME_SIZES.map((size) => coverFrame(crypto, size))
const stream = concatBytes(...frames.map(prefixFrame))

describe('frames on a stream', () => {
  it('have the logarithm of their size before them', () => {
    expect(frames.map((frame) => prefixFrame(frame)[0])).toEqual([7, 9, 11, 12])
    expect(prefixFrame(frames[1]!).slice(1)).toEqual(frames[1])
    expect(refusal(() => prefixFrame(new Uint8Array(127)))).toBe('tlv/bad-frame')
    expect(refusal(() => prefixFrame(new Uint8Array(0)))).toBe('tlv/bad-frame')
  })

  it('come out whole, as copies', () => {
    const splitter = frameSplitter()
    const input = stream.slice()
    const out = splitter.push(input)
    input.fill(0)
    expect(out).toEqual(frames)
    expect(splitter.pending).toBe(0)
  })

  it('count what is not yet a frame as pending', () => {
    const splitter = frameSplitter()
    expect(splitter.push(new Uint8Array(0))).toEqual([])
    expect(splitter.pending).toBe(0)
    splitter.push(stream.subarray(0, 1))
    expect(splitter.pending).toBe(1)
    splitter.push(stream.subarray(1, 128))
    expect(splitter.pending).toBe(128)
    expect(splitter.push(stream.subarray(128, 130))).toEqual([frames[0]])
    expect(splitter.pending).toBe(1)
  })

  it('end for good at a byte that is no size', () => {
    for (const code of [0, 6, 8, 10, 13, 255]) {
      const splitter = frameSplitter()
      const hostile = concatBytes(stream, Uint8Array.of(code), stream)
      expect(splitter.push(hostile)).toEqual(frames)
      expect(splitter.pending).toBeGreaterThan(0)
      expect(refusal(() => splitter.push(stream))).toBe('tlv/bad-stream')
      expect(refusal(() => splitter.push(new Uint8Array(0)))).toBe('tlv/bad-stream')
    }
    expect(refusal(() => frameSplitter().push(Uint8Array.of(8)))).toBe('tlv/bad-stream')
  })
})
