import { toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { memoryStore } from '@hyphae/store'
import { describe, expect, it } from 'vitest'
import { openHopKeys } from '../../src/hops/keys.js'
import { createReplays } from '../../src/hops/replays.js'
import { HOP_KEY_EPOCH_MS, HOP_WINDOW_MS, MAX_HOP_REPLAYS } from '../../src/limits.js'

function movedClock(start: number) {
  const state = { now: start }
  return { state, clock: { now: () => state.now, sleep: async () => {} } }
}

const names = (keys: readonly { readonly publicKey: Uint8Array }[]): string[] =>
  keys.map(({ publicKey }) => toHex(publicKey))

describe('keys of a second relay', () => {
  it('change with the epoch, are kept for two more, and then forgotten', async () => {
    const { state, clock } = movedClock(100 * HOP_KEY_EPOCH_MS)
    const store = memoryStore()
    const keys = await openHopKeys({ store, crypto, clock })
    const [first] = names(keys.all())
    for (const expected of [2, 3, 3]) {
      state.now += HOP_KEY_EPOCH_MS
      await keys.rotate()
      expect(keys.all()).toHaveLength(expected)
    }
    expect(names(keys.all())).not.toContain(first)
    expect(await store.list(['hop-key'])).toHaveLength(3)
    const again = await openHopKeys({ store, crypto, clock })
    expect(names(again.all())).toEqual(names(keys.all()))
  })

  it('are the same at every relay that has the secret, and at no other', async () => {
    const { state, clock } = movedClock(100 * HOP_KEY_EPOCH_MS)
    const secret = crypto.randomBytes(32)
    const open = (of: Uint8Array) => openHopKeys({ store: memoryStore(), crypto, clock, secret: of })
    const [one, two, other] = [await open(secret), await open(secret), await open(crypto.randomBytes(32))]
    expect(names(one.all())).toEqual(names(two.all()))
    expect(names(one.all())).not.toEqual(names(other.all()))
    const [newest] = names(one.all())
    state.now += HOP_KEY_EPOCH_MS
    await one.rotate()
    expect(names(one.all())[1]).toBe(newest)
  })
})

describe('hostile 8: what was sealed', () => {
  it('is seen once, as long as its time is accepted', () => {
    const { state, clock } = movedClock(1_000_000_000)
    const replays = createReplays(clock)
    const carrier = {}
    const began = state.now
    for (let i = 0; i < 40; i++) {
      state.now += HOP_WINDOW_MS / 4
      const enc = crypto.randomBytes(32)
      const time = state.now + (i % 2 === 0 ? HOP_WINDOW_MS : -HOP_WINDOW_MS / 8)
      expect(replays.judge(carrier, enc, time)).toBe('fresh')
      const seen = state.now
      for (let later = 0; later <= 12; later++) {
        state.now = seen + (later * HOP_WINDOW_MS) / 4
        expect(replays.judge(carrier, enc, time)).toBe('replayed')
      }
      state.now = seen
    }
    expect(replays.judge(carrier, crypto.randomBytes(32), began - 1)).toBe('replayed')
  })

  it('hostile 39: takes the room of its own connection, not that of others', () => {
    const { state, clock } = movedClock(1_000_000_000)
    const replays = createReplays(clock)
    const [greedy, other] = [{}, {}]
    let count = 0
    const fresh = (): Uint8Array => {
      const enc = new Uint8Array(32)
      new DataView(enc.buffer).setUint32(0, ++count)
      return enc
    }
    const judge = (carrier: object) => replays.judge(carrier, fresh(), state.now)
    while (judge(greedy) === 'fresh') expect(count).toBeLessThanOrEqual(MAX_HOP_REPLAYS / 2)
    expect(judge(greedy)).toBe('full')
    expect(judge(other)).toBe('fresh')
    state.now += 2 * HOP_WINDOW_MS
    expect(judge(greedy)).toBe('fresh')
  })
})
