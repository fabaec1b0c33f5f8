/**
 * Acknowledging over several carriers, against their boxes: however copies, orders and reconnections fall, no box
 * forgets a frame that the reader has not acknowledged, and in the end every box is empty.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAckLedger } from '../../src/ack-ledger.js'
import { frame } from '../carriers.js'

const SOURCES = 3

type Event =
  | { readonly kind: 'deliver'; readonly source: number }
  | { readonly kind: 'reconnect'; readonly source: number }
  | { readonly kind: 'acknowledge'; readonly ahead: number }

const source = fc.nat({ max: SOURCES - 1 })
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), source }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reconnect' as const), source }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), ahead: fc.nat({ max: 3 }) }),
  },
)
/** What waits at each carrier: some of the frames 0..7, in any order, some twice. */
const box = fc.array(fc.nat({ max: 7 }), { maxLength: 10 })

async function simulate(boxes: readonly number[][], events: readonly Event[]): Promise<void> {
  const forgotten = boxes.map(() => 0)
  const next = boxes.map(() => 0)
  /** Frame numbers in merged order; merged index = position + 1. */
  const merged: number[] = []
  let acknowledged = 0
  let last = 0
  const ledger = createAckLedger({
    sources: SOURCES,
    maxBytes: 1_000_000,
    nextIndex: () => {
      last += 1
      return last
    },
    onFailure: () => {},
  })
  const deliver = (from: number): void => {
    const position = next[from] as number
    const number = boxes[from]?.[position]
    if (number === undefined) return
    next[from] = position + 1
    const ack = async (): Promise<void> => {
      forgotten[from] = Math.max(forgotten[from] as number, position + 1)
    }
    const index = ledger.arrive(from, { frame: frame(number), cursor: position + 1, ack })
    if (index !== undefined) merged.push(number)
  }
  const check = (): void => {
    const takenIn = new Set(merged.slice(0, acknowledged))
    for (const [from, count] of forgotten.entries())
      for (const number of boxes[from]?.slice(0, count) ?? []) expect(takenIn).toContain(number)
  }
  for (const step of events) {
    if (step.kind === 'deliver') deliver(step.source)
    else if (step.kind === 'reconnect') next[step.source] = forgotten[step.source] as number
    else if (merged.length > 0) {
      acknowledged = Math.max(acknowledged, Math.min(merged.length, acknowledged + step.ahead))
      await ledger.acknowledge(acknowledged)
    }
    check()
  }
  for (let from = 0; from < SOURCES; from++)
    while ((next[from] as number) < (boxes[from]?.length ?? 0)) deliver(from)
  acknowledged = merged.length
  await ledger.acknowledge(acknowledged)
  check()
  expect(forgotten).toEqual(boxes.map(({ length }) => length))
  expect(new Set(merged).size).toBe(merged.length)
}

test('no box forgets what was not taken in, and all are emptied in the end', async () => {
  const boxes = fc.array(box, { minLength: SOURCES, maxLength: SOURCES })
  await fc.assert(fc.asyncProperty(boxes, fc.array(event, { maxLength: 60 }), simulate), { numRuns: 500 })
})
