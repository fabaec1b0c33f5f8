import type { Delivery } from '@hyphae/core'
import { expect, test } from 'vitest'
import { createAckLedger } from '../src/ack-ledger.js'
import { frame } from './carriers.js'

interface Scripted {
  readonly ledger: ReturnType<typeof createAckLedger>
  /** What each source was told, as cursors. */
  readonly acks: number[][]
  /** Refuses acknowledgements of these sources. */
  readonly refusing: Set<number>
  arrive(source: number, cursor: number, number: number): number | undefined
}

function scripted(sources: number, maxBytes = 1_000_000): Scripted {
  const acks: number[][] = Array.from({ length: sources }, () => [])
  const refusing = new Set<number>()
  let last = 0
  const ledger = createAckLedger({
    sources,
    maxBytes,
    nextIndex: () => {
      last += 1
      return last
    },
    onFailure: () => {},
  })
  const arrive = (source: number, cursor: number, number: number): number | undefined => {
    const ack = async (): Promise<void> => {
      if (refusing.has(source)) throw new Error('refused')
      acks[source]?.push(cursor)
    }
    const delivery: Delivery = { frame: frame(number), cursor, ack }
    return ledger.arrive(source, delivery)
  }
  return { ledger, acks, refusing, arrive }
}

test('an acknowledgement reaches every carrier that delivered the frame', async () => {
  const { ledger, acks, arrive } = scripted(3)
  expect(arrive(0, 10, 1)).toBe(1)
  expect(arrive(2, 77, 1)).toBeUndefined()
  await ledger.acknowledge(1)
  expect(acks).toEqual([[10], [], [77]])
})

test('a copy that comes before the first is acknowledged waits for it', async () => {
  const { ledger, acks, arrive } = scripted(2)
  arrive(0, 1, 1)
  arrive(1, 5, 1)
  expect(acks).toEqual([[], []])
  await ledger.acknowledge(1)
  expect(acks).toEqual([[1], [5]])
})

test('a copy that comes after is acknowledged at once', async () => {
  const { ledger, acks, arrive } = scripted(2)
  arrive(0, 1, 1)
  await ledger.acknowledge(1)
  arrive(1, 5, 1)
  expect(acks).toEqual([[1], [5]])
})

test('a carrier is not acknowledged past a frame that nobody has taken in', async () => {
  const { ledger, acks, arrive } = scripted(2)
  arrive(0, 1, 1)
  arrive(1, 1, 2)
  arrive(1, 2, 1)
  arrive(0, 2, 3)
  await ledger.acknowledge(1)
  // The second carrier delivered frame 2 before its copy of frame 1: acknowledging the copy would forget frame 2.
  expect(acks).toEqual([[1], []])
  await ledger.acknowledge(2)
  expect(acks).toEqual([[1], [2]])
  await ledger.acknowledge(3)
  expect(acks).toEqual([[1, 2], [2]])
})

test('acknowledging a later one acknowledges all before, once', async () => {
  const { ledger, acks, arrive } = scripted(1)
  for (let n = 1; n <= 5; n++) arrive(0, n, n)
  await ledger.acknowledge(4)
  await ledger.acknowledge(2)
  expect(acks).toEqual([[4]])
})

test('a refused acknowledgement may be tried again', async () => {
  const { ledger, acks, refusing, arrive } = scripted(2)
  arrive(0, 1, 1)
  refusing.add(0)
  await expect(ledger.acknowledge(1)).rejects.toThrow('refused')
  refusing.clear()
  await ledger.acknowledge(1)
  expect(acks).toEqual([[1], []])
})

test('one carrier that refuses does not fail the acknowledgement of the others', async () => {
  const { ledger, acks, refusing, arrive } = scripted(2)
  arrive(0, 1, 1)
  arrive(1, 1, 1)
  refusing.add(0)
  await ledger.acknowledge(1)
  expect(acks).toEqual([[], [1]])
})

test('the same carrier delivering again after a reconnection', async () => {
  const { ledger, acks, arrive } = scripted(1)
  for (let n = 1; n <= 3; n++) arrive(0, n, n)
  await ledger.acknowledge(1)
  expect(arrive(0, 2, 2)).toBeUndefined()
  expect(arrive(0, 3, 3)).toBeUndefined()
  expect(arrive(0, 4, 4)).toBe(4)
  await ledger.acknowledge(3)
  await ledger.acknowledge(4)
  expect(acks).toEqual([[1, 3, 4]])
})

test('what was forgotten comes again as new: at least once, with bounded memory', () => {
  const { arrive } = scripted(1, 10 * 128)
  for (let n = 1; n <= 10; n++) expect(arrive(0, n, n)).toBe(n)
  expect(arrive(0, 11, 10)).toBeUndefined()
  expect(arrive(0, 12, 11)).toBe(11)
  expect(arrive(0, 13, 1)).toBe(12)
})

test('frames that differ only in their last byte are different', () => {
  const { ledger } = scripted(1)
  const twin = frame(1, 2048)
  twin[2047] = 1
  const ack = async (): Promise<void> => {}
  expect(ledger.arrive(0, { frame: frame(1, 2048), cursor: 1, ack })).toBe(1)
  expect(ledger.arrive(0, { frame: twin, cursor: 2, ack })).toBe(2)
})
