/** Finding the session of a frame by its tag alone, among many, and when transactions fail (spec/session.md). */
import { describe, expect, it } from 'vitest'
import { createTagIndex } from '../../src/sessions/tag-index.js'
import { crypto } from '../support.js'
import {
  accept,
  begin,
  bundleOf,
  newNode,
  open,
  opens,
  refusal,
  restart,
  seal,
  type TestNode,
  testClock,
} from './support.js'

async function crowd(size: number): Promise<{ hub: TestNode; others: TestNode[] }> {
  const clock = testClock()
  const hub = await newNode('hub', clock)
  const others: TestNode[] = []
  for (let i = 0; i < size; i++) {
    const node = await newNode(`node ${i}`, clock)
    await accept(hub, node, (await begin(node, hub, await bundleOf(hub))).handshake)
    others.push(node)
  }
  return { hub, others }
}

describe('by its tag', () => {
  it('a frame is found among many sessions, in any order and after a restart', async () => {
    const { hub, others } = await crowd(30)
    for (let round = 0; round < 3; round++) {
      const frames = await Promise.all(others.map((node) => seal(node, hub, node.name)))
      for (const [i, { frame }] of [...frames.entries()].reverse()) {
        expect(await open(hub, frame)).toMatchObject({ device: others[i]?.name })
        expect(await open(hub, frame)).toBeNull()
      }
      await restart(hub)
    }
  })

  it('late frames are found, within the window and skipped over', async () => {
    const { hub, others } = await crowd(2)
    const [node] = others as [TestNode]
    const frames: Uint8Array[] = []
    for (let i = 0; i < 40; i++) frames.push((await seal(node, hub, `${i}`)).frame)
    for (const i of [15, 30, 3, 29, 0, 39, 1]) expect(await opens(hub, frames[i] as Uint8Array)).toBe(`${i}`)
  })

  it('a frame beyond the window is found when its device is named', async () => {
    const { hub, others } = await crowd(2)
    const [node] = others as [TestNode]
    let { frame } = await seal(node, hub, '0')
    for (let i = 1; i < 100; i++) ({ frame } = await seal(node, hub, `${i}`))
    expect(await open(hub, frame)).toBeNull()
    const named = await hub.sessions.transact((tx) => hub.sessions.decrypt(tx, { frame, device: node.name }))
    expect(named).toMatchObject({ device: node.name })
  })

  it('after a transaction that failed, the same frame is found again', async () => {
    const { hub, others } = await crowd(3)
    const [node] = others as [TestNode]
    const { frame } = await seal(node, hub, 'again')
    for (let i = 0; i < 3; i++) {
      const failing = hub.sessions.transact(async (tx) => {
        expect(await hub.sessions.decrypt(tx, { frame })).not.toBeNull()
        throw new Error('no room')
      })
      await expect(failing).rejects.toThrow('no room')
    }
    expect(await opens(hub, frame)).toBe('again')
    expect(await opens(hub, (await seal(node, hub, 'next')).frame)).toBe('next')
  })

  it('after a transaction that failed when it was the first to look, too', async () => {
    const { hub, others } = await crowd(2)
    const [node] = others as [TestNode]
    const { frame } = await seal(node, hub, 'one')
    const failing = hub.sessions.transact(async (tx) => {
      const named = await hub.sessions.decrypt(tx, { frame, device: node.name })
      expect(named).not.toBeNull()
      // Reads all sessions, this one as it is about to be.
      expect(await hub.sessions.decrypt(tx, { frame: crypto.randomBytes(128) })).toBeNull()
      throw new Error('no room')
    })
    await expect(failing).rejects.toThrow('no room')
    expect(await opens(hub, frame)).toBe('one')
  })

  it('hostile 32: after a batch that failed behind one that did not, its frame is found again', async () => {
    const { hub, others } = await crowd(2)
    const [node] = others as [TestNode]
    expect(await opens(hub, (await seal(node, hub, 'zero')).frame)).toBe('zero')
    const [one, two] = [(await seal(node, hub, 'one')).frame, (await seal(node, hub, 'two')).frame]
    const { write } = hub.engine
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let writes = 0
    hub.engine.write = async (batch) => {
      writes += 1
      if (writes === 2) throw new Error('no room')
      if (writes === 1) await released
      return write(batch)
    }
    const attempts = Promise.allSettled([opens(hub, one), opens(hub, two)])
    await new Promise((resolve) => setTimeout(resolve, 20))
    release()
    expect((await attempts).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(await opens(hub, one)).toBeNull()
    expect(await opens(hub, two)).toBe('two')
  })

  it('noise is nobody’s, in every size', async () => {
    const { hub } = await crowd(3)
    for (const size of [128, 512, 2048]) expect(await open(hub, crypto.randomBytes(size))).toBeNull()
    for (const size of [0, 1, 127, 129, 4096]) {
      expect(await refusal(open(hub, crypto.randomBytes(size)))).toBe('ratchet/bad-frame')
    }
  })
})

describe('the index', () => {
  const frameOf = (tag: Uint8Array): Uint8Array => Uint8Array.from([0, 0, ...tag])
  const [one, two] = [
    { device: 'a', id: '1' },
    { device: 'b', id: '2' },
  ]

  it('keeps what was before until that is settled', () => {
    const index = createTagIndex()
    const [old, fresh] = [crypto.randomBytes(14), crypto.randomBytes(14)]
    index.add(one, [old])
    index.add(one, [fresh])
    expect([old, fresh].map((tag) => index.find(frameOf(tag)))).toEqual([[one], [one]])
    index.settle(one)
    expect([old, fresh].map((tag) => index.find(frameOf(tag)))).toEqual([[], [one]])
    index.remove(one)
    expect(index.find(frameOf(fresh))).toEqual([])
  })

  it('names every session where tags begin alike', () => {
    const index = createTagIndex()
    const tag = crypto.randomBytes(14)
    index.add(one, [tag])
    index.add(two, [tag])
    expect(index.find(frameOf(tag))).toEqual([one, two])
    index.remove(one)
    expect(index.find(frameOf(tag))).toEqual([two])
  })
})
