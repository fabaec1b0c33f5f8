// Messages, frames and sets of indices: what was written is read, in any cut, and nothing else is.
import { isFrameSize } from '@hyphae/core'
import {
  assembly,
  cutMessage,
  decodeIndices,
  decodeMessage,
  encodeIndices,
  encodeMessage,
  frameSizes,
  MAX_MESSAGE_BYTES,
  type Message,
} from '@hyphae/objects'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { target } from '../../fuzz/frame.js'
import { accepts } from '../../fuzz/support/target.js'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const hashes = fc.array(bytes(32), { minLength: 1, maxLength: 100 })
const entry = fc.record({
  remaining: fc.integer({ min: 1, max: 2_592_000 }),
  headerBytes: fc.uint8Array({ minLength: 1, maxLength: 250 }),
})
const indices = fc
  .uniqueArray(fc.nat(28_999), { minLength: 1, maxLength: 64 })
  .map((list) => list.sort((a, b) => a - b))
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: fc.constant('hello' as const), greet: fc.boolean() }),
  fc.record({
    kind: fc.constantFrom('hint' as const, 'want' as const, 'lack' as const, 'known' as const),
    hashes,
  }),
  fc.record({
    kind: fc.constant('digest' as const),
    entries: fc.array(entry, { minLength: 1, maxLength: 14 }),
  }),
  fc.record({
    kind: fc.constant('object' as const),
    entry,
    payload: fc.option(fc.uint8Array({ maxLength: 3700 }), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('request' as const), hash: bytes(32), blocks: indices.map(encodeIndices) }),
  fc.record({
    kind: fc.constant('block' as const),
    hash: bytes(32),
    block: fc.nat(2 ** 32 - 1),
    data: fc.uint8Array({ maxLength: 3988 }),
  }),
)
const cutting = fc.record({ mtu: fc.constantFrom(128, 255, 512, 2048, 4096), thin: fc.boolean() })

it('hostile 7: a message is read as it was written, through frames of the fixed sizes in any order', () => {
  fc.assert(
    fc.property(message, cutting, fc.nat(255), fc.infiniteStream(fc.nat()), (sent, cut, number, order) => {
      const frames = cutMessage(sent, number, cut)
      expect(frames.every(({ length }) => isFrameSize(length) && length <= cut.mtu)).toBe(true)
      const shuffled = frames
        .map((frame) => ({ frame, key: order.next().value }))
        .sort((a, b) => a.key - b.key)
        .map(({ frame }) => frame)
      const incoming = assembly()
      const read = shuffled.map((frame) => incoming.take(frame))
      expect(read.slice(0, -1)).toEqual(read.slice(0, -1).map(() => undefined))
      const [last] = read.slice(-1) as [Message]
      expect(encodeMessage(last)).toEqual(encodeMessage(sent))
    }),
    { numRuns: 200 },
  )
})

it('thin links carry the fewest bytes that frames of the fixed sizes can', () => {
  const sizes = [128, 512, 2048, 4096]
  const best = new Array<number>(MAX_MESSAGE_BYTES + 1).fill(Number.POSITIVE_INFINITY)
  best[0] = 0
  for (let length = 1; length <= MAX_MESSAGE_BYTES; length++)
    for (const size of sizes)
      best[length] = Math.min(best[length] as number, size + (best[Math.max(0, length - size + 5)] as number))
  for (let length = 1; length <= MAX_MESSAGE_BYTES; length += 7) {
    const used = frameSizes(length, { mtu: 4096, thin: true }).reduce<number>((sum, size) => sum + size, 0)
    expect(used, `${length} bytes`).toBe(best[length])
  }
})

it('a set of indices is read as it was written, and never grows beyond what is asked for', () => {
  fc.assert(
    fc.property(indices, fc.integer({ min: 1, max: 64 }), (list, most) => {
      const set = encodeIndices(list)
      expect(decodeIndices(set, 29_000, 64)).toEqual(list)
      expect(decodeIndices(set, 29_000, most)).toEqual(list.slice(0, most))
      expect(() => decodeIndices(set, list.at(-1) as number, 64)).toThrow(/not valid/)
    }),
  )
})

it('hostile 1: any bytes are a message or refused, and any set of indices is bounded or refused', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 4200 }), (input) => void accepts(target, input)))
  fc.assert(
    fc.property(
      fc.constantFrom('ranges' as const, 'bitmap' as const),
      fc.uint8Array({ maxLength: 300 }),
      (kind, set) => {
        try {
          const list = decodeIndices({ kind, bytes: set }, 1000, 64)
          expect(list.length).toBeLessThanOrEqual(64)
          expect(list.every((index, i) => index < 1000 && (i === 0 || index > (list[i - 1] as number)))).toBe(
            true,
          )
        } catch (error) {
          expect(error).toMatchObject({ code: 'objects/bad-message' })
        }
      },
    ),
  )
})

it('hostile 1: every prefix of a message is refused, or is the message without its end', () => {
  fc.assert(
    fc.property(message, (sent) => {
      const { kind, body } = encodeMessage(sent)
      for (let length = 0; length < body.length; length += 1 + (length >> 4)) {
        try {
          const read = encodeMessage(decodeMessage({ kind, body: body.subarray(0, length) }))
          expect(body.subarray(0, read.body.length)).toEqual(read.body)
        } catch (error) {
          expect(error).toMatchObject({ code: 'objects/bad-message' })
        }
      }
    }),
    { numRuns: 60 },
  )
})
