/** The eleven states over channels that lose, delay and repeat: both sides must see the same secrets, in order. */
import { toHex } from '@hyphae/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BraidState, startBraid } from '../../../src/signal/pq/braid-state.js'
import type { Payload } from '../../../src/signal/pq/message.js'
import { braidReceive } from '../../../src/signal/pq/receive.js'
import { braidSend } from '../../../src/signal/pq/send.js'
import { codeOf, crypto } from '../support.js'

interface Letter {
  epoch: number
  payload: Payload
}

class Side {
  state: BraidState
  readonly secrets = new Map<number, string>()
  readonly states = new Set<string>()

  constructor(initiator: boolean, authKey = new Uint8Array(32)) {
    this.state = startBraid(crypto, authKey, initiator)
  }

  #keep(state: BraidState, agreed: { epoch: number; secret: Uint8Array } | null): void {
    this.states.add(this.state.kind).add(state.kind)
    this.state = state
    if (agreed === null) return
    expect(this.secrets.has(agreed.epoch)).toBe(false)
    this.secrets.set(agreed.epoch, toHex(agreed.secret))
  }

  send(): Letter {
    const { state, payload, agreed } = braidSend(crypto, this.state)
    this.#keep(state, agreed)
    return { epoch: state.epoch, payload }
  }

  receive({ epoch, payload }: Letter): void {
    const { state, agreed } = braidReceive(crypto, this.state, epoch, payload)
    this.#keep(state, agreed)
  }
}

function agree(a: Side, b: Side): void {
  const shared = [...a.secrets.keys()].filter((epoch) => b.secrets.has(epoch))
  expect(shared.length).toBeGreaterThanOrEqual(Math.max(a.secrets.size, b.secrets.size) - 1)
  for (const epoch of shared) expect(a.secrets.get(epoch)).toBe(b.secrets.get(epoch))
}

/** One letter each way, as long as `until` is not reached. */
function pingPong(a: Side, b: Side, until: () => boolean): number {
  let rounds = 0
  for (; !until() && rounds < 500; rounds++) {
    b.receive(a.send())
    a.receive(b.send())
  }
  return rounds
}

describe('ML-KEM Braid', () => {
  it('completes an epoch in as many round trips as its chunks need, and changes sides', () => {
    const [a, b] = [new Side(true), new Side(false)]
    const first = pingPong(a, b, () => a.secrets.has(1))
    // 3 chunks of header, then ek (36) beside ct1 (30), then 5 of ct2.
    expect(first).toBeLessThanOrEqual(3 + 36 + 5)
    expect(a.state.kind).toBe('no-header-received')
    pingPong(a, b, () => b.secrets.has(2))
    expect([...a.secrets.keys(), ...b.secrets.keys()]).toEqual([1, 2, 1, 2])
    agree(a, b)
  })

  it('goes through all eleven states', () => {
    const seen = new Set<string>()
    // Losing one way or the other decides whether ct1 or the vector is whole first.
    for (const lose of [0, 1]) {
      const [a, b] = [new Side(true), new Side(false)]
      for (let i = 0; i < 600; i++) {
        const [there, back] = [a.send(), null]
        if (lose !== 0 || i % 3 === 0) b.receive(there)
        const reply = back ?? b.send()
        if (lose !== 1 || i % 3 === 0) a.receive(reply)
      }
      for (const state of [...a.states, ...b.states]) seen.add(state)
      agree(a, b)
    }
    expect(seen.size).toBe(11)
  })

  it('hostile 9: agrees on every epoch over channels that lose, reorder and repeat', () => {
    const event = fc.record({ from: fc.boolean(), fate: fc.nat({ max: 9 }), pick: fc.nat({ max: 7 }) })
    fc.assert(
      fc.property(fc.array(event, { minLength: 400, maxLength: 700 }), (events) => {
        const sides = [new Side(true), new Side(false)] as const
        const lanes: [Letter[], Letter[]] = [[], []]
        for (const { from, fate, pick } of events) {
          const at = from ? 0 : 1
          const lane = lanes[at]
          lane.push(sides[at].send())
          if (fate < 2) lane.pop()
          const next = lane[pick % Math.max(lane.length, 1)]
          if (next === undefined || fate < 3) continue
          if (fate < 9) lane.splice(lane.indexOf(next), 1)
          sides[1 - at]?.receive(next)
        }
        agree(sides[0], sides[1])
      }),
      { numRuns: 8 },
    )
  })

  it('goes on after any silence: nothing depends on one letter', () => {
    const [a, b] = [new Side(true), new Side(false)]
    for (let round = 0; round < 12; round++) {
      for (let lost = 0; lost < 50; lost++) {
        a.send()
        b.send()
      }
      const before = a.secrets.size
      pingPong(a, b, () => a.secrets.size > before)
      expect(a.secrets.size).toBe(before + 1)
    }
    agree(a, b)
  })

  it('attack: PQ stalled: stands still, and says so, when the peer sends nothing of the exchange', () => {
    const a = new Side(true)
    for (let i = 0; i < 300; i++) {
      a.receive({ epoch: 1, payload: { kind: 'none' } })
      expect(a.send().payload.kind).toBe('header')
    }
    expect(a.secrets.size).toBe(0)
  })

  it('refuses an epoch that cannot be yet', () => {
    const [a, b] = [new Side(true), new Side(false)]
    for (const epoch of [2, 3, 1000]) {
      const letter: Letter = { epoch, payload: { kind: 'none' } }
      expect(codeOf(() => a.receive(letter))).toBe('ratchet/signal-bad-post-quantum')
      expect(codeOf(() => b.receive(letter))).toBe('ratchet/signal-bad-post-quantum')
    }
  })

  it('refuses a header that the peer did not authenticate, and keeps its state', () => {
    const [a, b] = [new Side(true, new Uint8Array(32).fill(1)), new Side(false)]
    b.receive(a.send())
    b.receive(a.send())
    const before = b.state
    expect(codeOf(() => b.receive(a.send()))).toBe('ratchet/signal-bad-post-quantum')
    expect(b.state).toBe(before)
  })

  it('passes over letters of old epochs, even those that the state waits for', () => {
    const [a, b] = [new Side(true), new Side(false)]
    const old = a.send()
    expect([old.epoch, old.payload.kind]).toEqual([1, 'header'])
    pingPong(a, b, () => b.state.epoch === 3 && b.state.kind === 'no-header-received')
    const before = b.state
    expect(before.kind).toBe('no-header-received')
    b.receive(old)
    expect(b.state).toBe(before)
  })

  it('takes an acknowledgement of ct1 with and without a chunk of ek', () => {
    const ack = { epoch: 1, payload: { kind: 'ct1-ack' as const } }
    const [a, b] = [new Side(true), new Side(false)]
    pingPong(a, b, () => b.state.kind === 'ct1-sampled')
    b.receive(ack)
    expect(b.state.kind).toBe('ct1-acknowledged')
    const [c, d] = [new Side(true), new Side(false)]
    pingPong(c, d, () => c.state.kind === 'header-sent')
    for (let i = 0; i < 36; i++) d.receive(c.send())
    expect(d.state.kind).toBe('ek-received-ct1-sampled')
    d.receive(ack)
    expect(d.state.kind).toBe('ct2-sampled')
  })

  it('refuses a spoilt vector before ct1 has been acknowledged, too', () => {
    const [a, b] = [new Side(true), new Side(false)]
    pingPong(a, b, () => a.state.kind === 'header-sent')
    const data = new Uint8Array(32)
    for (let i = 0; i < 35; i++) b.receive(a.send())
    const before = b.state
    const spoilt: Letter = { epoch: 1, payload: { kind: 'ek', chunk: { index: 99, data } } }
    expect(codeOf(() => b.receive(spoilt))).toBe('ratchet/signal-bad-post-quantum')
    expect([b.state, before.kind]).toEqual([before, 'ct1-sampled'])
    b.receive(a.send())
    expect(b.state.kind).toBe('ek-received-ct1-sampled')
  })

  it('refuses a spoilt vector and a spoilt ct2', () => {
    for (const kind of ['ek', 'ct2'] as const) {
      const [a, b] = [new Side(true), new Side(false)]
      const spoil = ({ epoch, payload }: Letter): Letter =>
        payload.kind === kind && payload.chunk.index === 2
          ? { epoch, payload: { kind, chunk: { index: 2, data: new Uint8Array(32) } } }
          : { epoch, payload }
      const run = (): void => {
        for (let i = 0; i < 60; i++) {
          b.receive(spoil(a.send()))
          a.receive(spoil(b.send()))
        }
      }
      expect(codeOf(run)).toBe('ratchet/signal-bad-post-quantum')
      // At once: nobody has gone on with a secret that is not the peer's.
      expect([a.secrets.size, b.secrets.size]).toEqual([0, 1])
      expect(a.state.kind).toBe(kind === 'ek' ? 'ct1-received' : 'ek-sent-ct1-received')
    }
  })

  it('refuses an epoch that leaves one out, where the next one is waited for', () => {
    const [a, b] = [new Side(true), new Side(false)]
    pingPong(a, b, () => b.state.kind === 'ct2-sampled')
    const before = b.state
    for (const epoch of [3, 4, 1000]) {
      const letter: Letter = { epoch, payload: { kind: 'none' } }
      expect(codeOf(() => b.receive(letter))).toBe('ratchet/signal-bad-post-quantum')
    }
    expect(b.state).toBe(before)
    b.receive({ epoch: 2, payload: { kind: 'none' } })
    expect([b.state.kind, b.state.epoch]).toEqual(['keys-unsampled', 2])
  })
})
