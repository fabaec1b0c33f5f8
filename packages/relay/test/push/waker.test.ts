import type { Clock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { refuse, type Verdict } from '../../src/engine/engine.js'
import { boxName } from '../../src/engine/keys.js'
import {
  MAX_PUSH_CACHED,
  PUSH_CACHE_MS,
  PUSH_LIFE_MS,
  WAKE_LEASE_MS,
  WAKE_LOOK_MS,
  WAKE_PAUSE_MS,
  WAKE_SETTLE_MS,
} from '../../src/limits.js'
import { createRegistry } from '../../src/push/registry.js'
import { createWaker } from '../../src/push/waker.js'
import { newBox } from '../support/relay.js'
import { memoryRows } from '../support/rows.js'

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
  const registry = createRegistry({ ...memoryRows(clock), shared: false }, clock)
  const sent: string[] = []
  const state = { watched: false, waiting: true }
  const stop = new AbortController()
  const waker = createWaker({
    registry,
    clock,
    settleMs: 0,
    leaseMs: undefined,
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
  return { waker, registry, clock, advance, sent, state, box, name: boxName(box), end }
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
    await advance(1_000)
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

describe('wakers of relays that share a store', () => {
  const shared = (count: number) => {
    const { clock, advance } = steppedClock()
    const rows = memoryRows(clock)
    const state = { waiting: true, dead: -1 }
    const sent: number[] = []
    const stop = new AbortController()
    const relays = Array.from({ length: count }, (_, relay) => {
      const registry = createRegistry(rows, clock)
      const send = async (): Promise<Verdict> => {
        if (state.dead === relay) return new Promise(() => {})
        sent.push(relay)
        return null
      }
      const waiting = async (): Promise<boolean> => state.waiting
      const waker = createWaker({
        registry,
        clock,
        settleMs: WAKE_SETTLE_MS,
        leaseMs: WAKE_LEASE_MS,
        watched: () => false,
        waiting,
        send,
      })
      return { registry, waker, running: waker.run(stop.signal) }
    })
    const end = async (): Promise<void> => {
      stop.abort()
      await Promise.all(relays.map(({ running }) => running))
    }
    const register = async (): Promise<string> => {
      const box = newBox().id
      await relays[0]?.registry.set(box, { gateway: '', token: new Uint8Array(9) })
      return boxName(box)
    }
    return { relays, advance, state, sent, rows, register, end }
  }

  it('wake once for all of them, and once more at the end of the pause, whichever was told of the box', async () => {
    const { relays, advance, sent, rows, register, end } = shared(3)
    const box = await register()
    for (const { waker } of relays) waker.stored(box)
    await advance(WAKE_PAUSE_MS / 2)
    expect(sent).toHaveLength(1)
    await advance(WAKE_PAUSE_MS)
    expect(sent).toHaveLength(2)
    await advance(3 * WAKE_PAUSE_MS)
    expect(sent).toHaveLength(2)
    relays[1]?.waker.stored(box)
    await advance(2 * WAKE_SETTLE_MS)
    expect(sent).toHaveLength(3)
    expect(sent[2]).toBe(1)
    expect(await rows.list('waking')).toEqual([])
    await end()
  })

  it('wake for what came to another relay in the pause, when it is over', async () => {
    const { relays, advance, sent, register, end } = shared(2)
    const box = await register()
    relays[0]?.waker.stored(box)
    await advance(WAKE_PAUSE_MS / 2)
    relays[1]?.waker.stored(box)
    await advance(WAKE_PAUSE_MS / 4)
    expect(sent).toEqual([0])
    await advance(WAKE_PAUSE_MS)
    expect(sent).toEqual([0, 1])
    await end()
  })

  it('wake nobody who has fetched at another relay by then', async () => {
    const { relays, advance, state, sent, rows, register, end } = shared(2)
    const box = await register()
    relays[1]?.waker.stored(box)
    state.waiting = false
    await advance(2 * WAKE_SETTLE_MS)
    expect(sent).toHaveLength(0)
    expect(await rows.list('waking')).toEqual([])
    await end()
  })

  it('hostile 35: wake for a relay that died amid it, once', async () => {
    const { relays, advance, state, sent, rows, register, end } = shared(3)
    const box = await register()
    state.dead = 0
    relays[0]?.waker.stored(box)
    await advance(WAKE_LEASE_MS)
    expect(sent).toEqual([])
    await advance(2 * WAKE_LOOK_MS + WAKE_SETTLE_MS)
    expect(sent).toHaveLength(1)
    expect(await rows.list('waking')).toEqual([])
    await advance(3 * WAKE_PAUSE_MS)
    expect(sent).toHaveLength(1)
    await end()
  })
})

describe('a relay by itself that died amid a wake', () => {
  it('hostile 35: sends it when it is started again', async () => {
    const { clock, advance } = steppedClock()
    const rows = { ...memoryRows(clock), shared: false }
    const sent: string[] = []
    const start = (life: string, send: () => Promise<Verdict>) => {
      const registry = createRegistry(rows, clock)
      const stop = new AbortController()
      const waker = createWaker({
        registry,
        clock,
        settleMs: 0,
        leaseMs: undefined,
        watched: () => false,
        waiting: async () => true,
        send: () => {
          sent.push(life)
          return send()
        },
      })
      return { registry, waker, stop, running: waker.run(stop.signal) }
    }
    const first = start('first', () => new Promise(() => {}))
    const box = newBox().id
    await first.registry.set(box, { gateway: '', token: new Uint8Array(9) })
    first.waker.stored(boxName(box))
    await advance(1_000)
    first.stop.abort()
    await first.running
    const second = start('second', async () => null)
    await advance(1_000)
    expect(sent).toEqual(['first', 'second'])
    await advance(5 * WAKE_PAUSE_MS)
    expect(sent).toHaveLength(2)
    second.stop.abort()
    await second.running
  })
})

describe('hostile 32: a store that fails amid a wake', () => {
  it('is asked again at the end of the pause, under the same claim, which then ends', async () => {
    const { clock, advance } = steppedClock()
    const rows = { ...memoryRows(clock), shared: false }
    const state = { fails: false, waiting: true }
    const registry = createRegistry(rows, clock)
    const sent: number[] = []
    const stop = new AbortController()
    const waker = createWaker({
      registry: {
        ...registry,
        get: (box) => (state.fails ? Promise.reject(new Error('no store')) : registry.get(box)),
      },
      clock,
      settleMs: 0,
      leaseMs: undefined,
      watched: () => false,
      waiting: async () => state.waiting,
      send: async () => {
        sent.push(clock.now())
        return null
      },
    })
    const running = waker.run(stop.signal)
    const [first, second] = [newBox().id, newBox().id]
    for (const box of [first, second]) await registry.set(box, { gateway: '', token: new Uint8Array(9) })
    state.fails = true
    waker.stored(boxName(first))
    await advance(1_000)
    state.fails = false
    await advance(WAKE_PAUSE_MS + 1_000)
    expect(sent).toHaveLength(1)
    expect(await rows.list('waking')).toEqual([])
    state.fails = true
    waker.stored(boxName(second))
    await advance(1_000)
    state.fails = false
    state.waiting = false
    await advance(WAKE_PAUSE_MS + 1_000)
    expect(sent).toHaveLength(1)
    expect(await rows.list('waking')).toEqual([])
    stop.abort()
    await running
  })
})

describe('registrations', () => {
  const movedClock = () => {
    const state = { now: 1 }
    return { state, clock: { now: () => state.now, sleep: async () => {} } satisfies Clock }
  }
  const registration = { gateway: 'push.example', token: crypto.randomBytes(900) }

  it('end when nobody renews them', async () => {
    const { state, clock } = movedClock()
    const registry = createRegistry(memoryRows(clock), clock)
    const [kept, left] = [crypto.randomBytes(32), crypto.randomBytes(32)]
    for (const box of [kept, left]) expect(await registry.set(box, registration)).toBeNull()
    state.now += PUSH_LIFE_MS / 2
    await registry.set(kept, registration)
    state.now += PUSH_LIFE_MS / 2
    expect(await registry.has(boxName(left))).toBe(false)
    expect(await registry.has(boxName(kept))).toBe(true)
    expect(await registry.get(boxName(kept))).toMatchObject(registration)
  })

  it('are known to every relay of the store, to those that asked lately a minute late', async () => {
    const { state, clock } = movedClock()
    const rows = memoryRows(clock)
    const [one, two] = [createRegistry(rows, clock), createRegistry(rows, clock)]
    const box = crypto.randomBytes(32)
    expect(await two.has(boxName(box))).toBe(false)
    await one.set(box, registration)
    expect(two.has(boxName(box))).toBe(false)
    state.now += PUSH_CACHE_MS
    expect(await two.has(boxName(box))).toBe(true)
    expect(await createRegistry(rows, clock).get(boxName(box))).toMatchObject(registration)
  })

  it('hostile 2: of boxes that were asked for no more than a share is held in memory', async () => {
    const { clock } = movedClock()
    let reads = 0
    const get = async (): Promise<undefined> => {
      reads += 1
    }
    const registry = createRegistry({ ...memoryRows(clock), get }, clock)
    const name = (n: number): string => String(n).padStart(32, '0')
    for (let n = 0; n <= MAX_PUSH_CACHED; n++) await registry.has(name(n))
    expect(registry.has(name(MAX_PUSH_CACHED))).toBe(false)
    expect(registry.has(name(0))).toBeInstanceOf(Promise)
    expect(reads).toBe(MAX_PUSH_CACHED + 2)
  })

  it('that are set and dropped at once end as the last of them says', async () => {
    const { clock } = movedClock()
    const registry = createRegistry(memoryRows(clock), clock)
    const box = crypto.randomBytes(32)
    await registry.set(box, registration)
    await Promise.all([registry.set(box, registration), registry.drop(boxName(box))])
    expect(await registry.get(boxName(box))).toBeUndefined()
    await registry.set(box, registration)
    await Promise.all([registry.drop(boxName(box)), registry.set(box, registration)])
    expect(await registry.get(boxName(box))).toMatchObject(registration)
  })
})
