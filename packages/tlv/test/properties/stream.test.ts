import { concatBytes, equalBytes, FRAME_SIZES } from '@hyphae/core'
import { coverFrame, frameSplitter, prefixFrame, TlvError } from '@hyphae/tlv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crypto } from '../support.js'

const POOL = FRAME_SIZES.map((size) => coverFrame(crypto, size))
const frames = fc.array(fc.constantFrom(...POOL), { maxLength: 6 })

interface Outcome {
  readonly frames: readonly Uint8Array[]
  readonly broken: boolean
  readonly ended: boolean
}

/** Pushes the stream in these pieces; the last push shows whether it broke on the way. */
function through(pieces: readonly Uint8Array[]): Outcome {
  const splitter = frameSplitter()
  const out: Uint8Array[] = []
  let broken = false
  for (const piece of [...pieces, new Uint8Array(0)]) {
    try {
      out.push(...splitter.push(piece))
    } catch (error) {
      if (!(error instanceof TlvError)) throw error
      broken = true
    }
  }
  return { frames: out, broken, ended: splitter.pending === 0 }
}

function cut(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map((at) => at % (stream.length + 1)), stream.length].sort((a, b) => a - b)
  return ends.map((end, i) => stream.subarray(i === 0 ? 0 : ends[i - 1], end))
}

const same = (a: Outcome, b: Outcome): boolean =>
  a.broken === b.broken &&
  a.ended === b.ended &&
  a.frames.length === b.frames.length &&
  a.frames.every((frame, i) => equalBytes(frame, b.frames[i] as Uint8Array))

describe('hostile 7: frames on a stream', () => {
  it('come out the same whole, byte at a time and cut at random', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 12 }), (list, cuts) => {
        const stream = concatBytes(...list.map(prefixFrame))
        const whole = through([stream])
        expect([whole.broken, whole.ended, whole.frames.length]).toEqual([false, true, list.length])
        expect(whole.frames.every((frame, i) => equalBytes(frame, list[i] as Uint8Array))).toBe(true)
        expect(same(through(cut(stream, cuts)), whole)).toBe(true)
        expect(same(through(Array.from(stream, (byte) => Uint8Array.of(byte))), whole)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('come out the same when the stream breaks or ends inside a frame', () => {
    const rest = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(frames, rest, fc.array(fc.nat(), { maxLength: 12 }), (list, tail, cuts) => {
        const stream = concatBytes(...list.map(prefixFrame), tail)
        const whole = through([stream])
        expect(whole.frames.length).toBeGreaterThanOrEqual(list.length)
        expect(same(through(cut(stream, cuts)), whole)).toBe(true)
        expect(same(through(Array.from(stream, (byte) => Uint8Array.of(byte))), whole)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})
