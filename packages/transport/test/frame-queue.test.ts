import { expect, it } from 'vitest'
import { createFrameQueue, type ReceivedFrame } from '../src/index.js'

const from = (n: number): ReceivedFrame => ({ peer: `p${n}`, frame: Uint8Array.of(n) })
const peerOf = async (next: Promise<IteratorResult<ReceivedFrame>>): Promise<string | undefined> =>
  (await next).value?.peer

it('gives what came in order, whether it waits or is waited for', async () => {
  const queue = createFrameQueue({ most: 8, onRoom: () => {} })
  queue.push(from(1))
  queue.push(from(2))
  const reader = queue.read()
  const nexts = [reader.next(), reader.next(), reader.next(), reader.next()]
  queue.push(from(3))
  queue.push(from(4))
  expect(await Promise.all(nexts.map(peerOf))).toEqual(['p1', 'p2', 'p3', 'p4'])
})

it('gives each frame to one reader, the one that has waited longest', async () => {
  const queue = createFrameQueue({ most: 8, onRoom: () => {} })
  const [a, b] = [queue.read(), queue.read()]
  const [first, second] = [a.next(), b.next()]
  queue.push(from(1))
  queue.push(from(2))
  expect([await peerOf(first), await peerOf(second)]).toEqual(['p1', 'p2'])
})

it('says when enough wait, and when a full one was emptied, once', () => {
  let room = 0
  const queue = createFrameQueue({ most: 2, onRoom: () => void room++ })
  const reader = queue.read()
  expect([queue.push(from(1)), queue.full, queue.push(from(2)), queue.full]).toEqual([
    true,
    false,
    false,
    true,
  ])
  expect(queue.push(from(3))).toBe(false)
  void reader.next()
  void reader.next()
  expect([room, queue.full]).toEqual([0, true])
  void reader.next()
  expect([room, queue.full]).toEqual([1, false])
})

it('a reader that stops takes nothing with it, also one that waits', async () => {
  const queue = createFrameQueue({ most: 8, onRoom: () => {} })
  const leaving = queue.read()
  const waiting = leaving.next()
  expect((await leaving.return?.())?.done).toBe(true)
  expect((await waiting).done).toBe(true)
  queue.push(from(1))
  for await (const { peer } of queue.read()) {
    expect(peer).toBe('p1')
    break
  }
  queue.push(from(2))
  expect(await peerOf(queue.read().next())).toBe('p2')
  expect((await leaving.next()).done).toBe(true)
})

it('the signal ends a reading without an error, before it, while it waits and after', async () => {
  const queue = createFrameQueue({ most: 8, onRoom: () => {} })
  const stop = new AbortController()
  const reader = queue.read(stop.signal)
  const next = reader.next()
  stop.abort()
  expect((await next).done).toBe(true)
  expect((await reader.next()).done).toBe(true)
  queue.push(from(1))
  expect((await queue.read(stop.signal).next()).done).toBe(true)
  expect(await peerOf(queue.read().next())).toBe('p1')
})

it('what has come is read after the end; then it is over for everybody', async () => {
  const queue = createFrameQueue({ most: 8, onRoom: () => {} })
  const reader = queue.read()
  const next = reader.next()
  queue.push(from(1))
  queue.push(from(2))
  queue.end()
  expect([await peerOf(next), await peerOf(reader.next())]).toEqual(['p1', 'p2'])
  expect((await reader.next()).done).toBe(true)
  const waiting = createFrameQueue({ most: 8, onRoom: () => {} })
  const held = [waiting.read().next(), waiting.read().next()]
  waiting.end()
  expect((await Promise.all(held)).map(({ done }) => done)).toEqual([true, true])
})
