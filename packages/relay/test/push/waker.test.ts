import type { Clock, Store, StoreEntry } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { memoryStore } from '@hyphae/store'
import { describe, expect, it } from 'vitest'
import { refuse, type Verdict } from '../../src/engine/engine.js'
import { boxName } from '../../src/engine/keys.js'
import { PUSH_LIFE_MS, PUSH_PAGE, WAKE_PAUSE_MS } from '../../src/limits.js'
import { openRegistry } from '../../src/push/registry.js'
import { createWaker } from '../../src/push/waker.js'
import { newBox } from '../support/relay.js'

/** A clock whose sleeps end when it is moved. */
function steppedClock() {
  let now = 0
  const sleepers: { at: number; wake: () => void }[] = []
  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const abort = (): void => reject(new Error('aborted'))
        const wake = (): void => {
          signal?.removeEventListener('abort', abort)
          resolve()
        }
        sleepers.push({ at: now + ms, wake })
        signal?.addEventListener('abort', abort, { once: true })
      }),
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    clock,
    advance: async (ms: number): Promise<void> => {
      for (const end = now + ms; now < end; ) {
        now = Math.min(end, now + 1_000)
        for (const sleeper of sleepers.splice(0)) {
          if (sleeper.at <= now) sleeper.wake()
          else sleepers.push(sleeper)
        }
        for (let i = 0; i < 6; i++) await turn()
      }
    },
  }
}

async function scene(answer: () => Verdict = () => null) {
  const { clock, advance } = steppedClock()
  const store = memoryStore()
  const registry = await openRegistry(store, clock, () => {})
  const sent: string[] = []
  const state = { watched: false, waiting: true }
  const stop = new AbortController()
  const waker = createWaker({
    registry,
    clock,
    watched: () => state.watched,
    waiting: async () => state.waiting,
    send: async (gateway) => {
      sent.push(gateway)
      return answer()
    },
  })
  const running = waker.run(stop.signal)
  const box = newBox().id
  await registry.set(box, { gateway: 'g', token: new Uint8Array(1024) })
  const end = async (): Promise<void> => {
    stop.abort()
    await running
  }
  return { waker, registry, store, clock, advance, sent, state, box, name: boxName(box), end }
}

describe('a waker', () => {
  it('wakes at once, then once at the end of the pause if mail is still there', async () => {
    const { waker, advance, sent, name, end } = await scene()
    for (let i = 0; i < 50; i++) waker.stored(name)
    await advance(WAKE_PAUSE_MS / 2)
    expect(sent).toHaveLength(1)
    await advance(WAKE_PAUSE_MS)
    expect(sent).toHaveLength(2)
    await advance(5 * WAKE_PAUSE_MS)
    expect(sent).toHaveLength(2)
    waker.stored(name)
    await advance(1_000)
    expect(sent).toHaveLength(3)
    await end()
  })

  it('does not wake who has fetched, watches, or is not registered', async () => {
    const { waker, advance, sent, state, name, end } = await scene()
    waker.stored(name)
    waker.stored(name)
    state.waiting = false
    await advance(2 * WAKE_PAUSE_MS)
    expect(sent).toHaveLength(1)
    state.watched = true
    waker.stored(name)
    waker.stored(boxName(newBox().id))
    waker.stored(undefined)
    await advance(2 * WAKE_PAUSE_MS)
    expect(sent).toHaveLength(1)
    await end()
  })

  it('tries again when the gateway asks to wait, and forgets who is gone', async () => {
    let verdict: Verdict = refuse('rate-limited', 3 * WAKE_PAUSE_MS)
    const { waker, registry, advance, sent, name, end } = await scene(() => verdict)
    waker.stored(name)
    await advance(2 * WAKE_PAUSE_MS)
    expect(sent).toHaveLength(1)
    verdict = refuse('push-gone')
    await advance(2 * WAKE_PAUSE_MS)
    expect(sent).toHaveLength(2)
    expect(registry.has(name)).toBe(false)
    await end()
  })
})

describe('registrations', () => {
  it('are forgotten when nobody renews them', async () => {
    const { registry, advance, store, name, end } = await scene()
    await end()
    await advance(1_000)
    expect(registry.has(name)).toBe(true)
    const later: Clock = { now: () => PUSH_LIFE_MS * 2, sleep: async () => {} }
    const opened = await openRegistry(store, later, () => {})
    expect(opened.has(name)).toBe(true)
    await opened.sweep()
    expect(opened.has(name)).toBe(false)
    for (const table of ['push-box', 'push-order']) expect(await store.list([table])).toHaveLength(0)
  })

  it('hostile 2: are read in pages without their tokens, at the start and by each sweep', async () => {
    const count = 2 * PUSH_PAGE + 100
    const [inner, pages] = [memoryStore(), [] as StoreEntry[][]]
    const store: Store = {
      ...inner,
      list: async (prefix, options) => {
        const page = await inner.list(prefix, options)
        pages.push(page)
        return page
      },
    }
    let now = 0
    const clock: Clock = { now: () => now, sleep: async () => {} }
    const registry = await openRegistry(store, clock, () => {})
    const boxes = Array.from({ length: count }, () => crypto.randomBytes(32))
    const registration = { gateway: 'push.example', token: crypto.randomBytes(900) }
    for (const box of boxes) expect(await registry.set(box, registration)).toBeNull()
    now = PUSH_LIFE_MS
    const renewed = boxName(boxes[0] as Uint8Array)
    await registry.set(boxes[0] as Uint8Array, registration)
    pages.length = 0
    const found: string[] = []
    const opened = await openRegistry(store, clock, (box) => found.push(boxName(box)))
    expect(new Set(found)).toEqual(new Set(boxes.map(boxName)))
    expect(found).toHaveLength(count)
    now += PUSH_LIFE_MS / 2
    await opened.sweep()
    expect(boxes.map(boxName).filter((name) => opened.has(name))).toEqual([renewed])
    expect(await opened.get(renewed)).toMatchObject(registration)
    expect(pages.flat()).toHaveLength(2 * count)
    for (const page of pages) {
      expect(page.length).toBeLessThanOrEqual(PUSH_PAGE)
      for (const { value } of page) expect(value.length).toBeLessThan(16)
    }
    expect(await store.list(['push-box'])).toHaveLength(1)
  })

  it('that are set and dropped at once end as the last of them says', async () => {
    const clock: Clock = { now: () => 0, sleep: async () => {} }
    const store = memoryStore()
    const registry = await openRegistry(store, clock, () => {})
    const box = crypto.randomBytes(32)
    const registration = { gateway: '', token: crypto.randomBytes(9) }
    await registry.set(box, registration)
    await Promise.all([registry.set(box, registration), registry.drop(boxName(box))])
    expect(registry.has(boxName(box))).toBe(false)
    await registry.set(box, registration)
    await Promise.all([registry.drop(boxName(box)), registry.set(box, registration)])
    expect(registry.has(boxName(box))).toBe(true)
    expect(await store.list(['push-order'])).toHaveLength(1)
    expect(await registry.get(boxName(box))).toMatchObject(registration)
  })
})
