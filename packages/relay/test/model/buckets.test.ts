/** Pages of buckets against all frames of all boxes, sorted: whatever was put, acknowledged and expired before. */
import { bucketOf } from '@hyphae/transport-relay/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openEngine } from '../support/engine.js'

/** Boxes that share their first bits in every way. */
const BOXES = [0x00, 0x01, 0x40, 0x41, 0x7f, 0x80, 0xff].flatMap((first) =>
  [0x00, 0xff].map((second) => Uint8Array.of(first, second, ...new Uint8Array(30).fill(first ^ second))),
)
const DAY = 86_400_000

const box = fc.nat({ max: BOXES.length - 1 })
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('put' as const), box, ttl: fc.constantFrom(1, 7, 30) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ack' as const), box, part: fc.nat({ max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), days: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
)

describe('a bucket', () => {
  it('holds what its boxes hold, in order, whenever it is first asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 0, max: 18 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, bits, limit) => {
          const fixture = await openEngine()
          const { engine, clock } = fixture
          let id = 0
          for (const one of steps) {
            if (one.kind === 'put') {
              const ttl = one.ttl as 1 | 7 | 30
              id += 1
              const bytes = new Uint8Array(16)
              new DataView(bytes.buffer).setUint32(0, id)
              await engine.put(BOXES[one.box] as Uint8Array, bytes, new Uint8Array(128).fill(id), { ttl })
            } else if (one.kind === 'ack') {
              const { deliveries } = await engine.fetch(BOXES[one.box] as Uint8Array, 0, 100)
              const upTo = deliveries[one.part]
              if (upTo !== undefined) await engine.ack(BOXES[one.box] as Uint8Array, upTo.cursor)
            } else if (one.kind === 'pass') {
              await clock.advance(one.days * DAY)
              await engine.sweep(new AbortController().signal)
            } else await engine.bucket({ bits: 0, prefix: 0 }, 0, 1)
          }
          const pages = await Promise.all(BOXES.map((each) => engine.fetch(each, 0, 1000)))
          const all = pages.flatMap(({ deliveries }, i) =>
            deliveries.map((one) => ({ ...one, box: BOXES[i] as Uint8Array })),
          )
          const prefixes = new Set(BOXES.map((each) => bucketOf(each, bits).prefix))
          for (const prefix of prefixes) {
            const wanted = all
              .filter((one) => bucketOf(one.box, bits).prefix === prefix)
              .toSorted((a, b) => a.cursor - b.cursor)
            const found: number[] = []
            let after = 0
            for (let more = true; more; ) {
              const page = await engine.bucket({ bits, prefix }, after, limit)
              expect(page.frames.length).toBeLessThanOrEqual(limit)
              for (const frame of page.frames) {
                const same = wanted[found.length]
                expect([...frame.box]).toEqual([...(same?.box ?? [])])
                expect(frame.frame[0]).toBe(same?.frame[0])
                found.push(frame.cursor)
              }
              after = page.next
              more = page.more
            }
            expect(found).toEqual(wanted.map(({ cursor }) => cursor))
          }
          await fixture.dispose()
        },
      ),
      { numRuns: 15 },
    )
  })
})
