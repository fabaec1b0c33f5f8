/** The post-quantum ratchet by itself, as a pure state machine: any room, any loss, any order within an epoch. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage } from '../../src/pq/message.js'
import type { PqState } from '../../src/pq/state.js'
import { postQuantum } from '../../src/pq.js'
import { codeOf, crypto } from '../support.js'

const transcript = new Uint8Array(32).fill(9)
const secret = Uint8Array.from({ length: 64 }, (_, i) => i)

interface Frame {
  readonly epoch: number
  readonly key: Uint8Array
  readonly padding: Uint8Array
}

class Side {
  state: PqState
  /** Frames that the network holds back. */
  readonly held: Frame[] = []

  constructor(role: 'initiator' | 'responder') {
    this.state = postQuantum.begin(role, secret)
  }

  send(room: number): Frame {
    const { state, epoch, key, padding } = postQuantum.send(crypto, this.state, { transcript, room })
    if (padding.length > room) throw new Error('more than there is room for')
    this.state = state
    const padded = new Uint8Array(room)
    padded.set(padding)
    return { epoch, key, padding: padded }
  }

  /** As the session does: the key of the epoch must be known, and be the sender's. */
  receive({ epoch, key, padding }: Frame): void {
    const { state } = this
    if (epoch >= state.epoch) {
      const own = epoch === state.epoch ? state.key : state.next
      if (epoch > state.epoch + 1 || own === null) throw new Error(`epoch ${epoch} is not known`)
      expect(own).toEqual(key)
    }
    this.state = postQuantum.receive(state, { epoch, padding, now: 5 })
  }

  restart(): void {
    const { role } = this.state
    const bytes = postQuantum.encode(this.state)
    this.state = postQuantum.decode(role, bytes)
    expect(postQuantum.encode(this.state)).toEqual(bytes)
  }
}

const step = fc.record({
  side: fc.nat({ max: 1 }),
  room: fc.constantFrom(0, 1, 18, 19, 36, 56, 200, 440, 1976),
  /** Lost, held back, or delivered, with a restart of the receiver or not. */
  fate: fc.constantFrom('lost', 'held', 'given', 'given', 'given', 'restart', 'release'),
})

describe('post-quantum ratchet, any schedule', () => {
  it('agrees on every key, in every state, and advances once frames get through', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 100, maxLength: 400 }), (steps) => {
        const sides = [new Side('initiator'), new Side('responder')] as const
        for (const { side, room, fate } of steps) {
          const from = sides[side as 0 | 1]
          const to = sides[(1 - side) as 0 | 1]
          const frame = from.send(room)
          if (fate === 'held') to.held.push(frame)
          if (fate === 'given' || fate === 'restart') to.receive(frame)
          if (fate === 'restart') to.restart()
          if (fate === 'release') for (const late of to.held.splice(0).reverse()) to.receive(late)
        }
        const before = Math.min(sides[0].state.epoch, sides[1].state.epoch)
        for (let i = 0; i < 200; i++) {
          sides[1].receive(sides[0].send(440))
          sides[0].receive(sides[1].send(440))
        }
        expect(Math.min(sides[0].state.epoch, sides[1].state.epoch)).toBeGreaterThan(before)
      }),
      { numRuns: 20 },
    )
  })

  it('gets through half of all frames lost, in the smallest that carry a chunk', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.boolean()), (coin) => {
        const [a, b] = [new Side('initiator'), new Side('responder')]
        const lucky = (): boolean => coin.next().value
        for (let i = 0; i < 2000 && (a.state.epoch < 1 || b.state.epoch < 1); i++) {
          const [one, two] = [a.send(19), b.send(19)]
          if (lucky()) b.receive(one)
          if (lucky()) a.receive(two)
        }
        expect([a.state.epoch, b.state.epoch]).toEqual([1, 1])
        expect(a.state.key).toEqual(b.state.key)
      }),
      { numRuns: 10 },
    )
  })
})

describe('padding', () => {
  it('is canonical, and refused only with a typed error', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.nat({ max: 3 }),
        fc.nat({ max: 2 }),
        (tail, acks, runs) => {
          const good = encodeMessage({
            acks,
            runs: Array.from({ length: runs }, (_, value) => ({
              value,
              first: 3,
              data: new Uint8Array(16 * (value + 1)),
            })),
          })
          const bytes = Uint8Array.from([...good, ...tail])
          let read: ReturnType<typeof decodeMessage> | undefined
          const code = codeOf(() => {
            read = decodeMessage(bytes)
          })
          expect(code).toBe(read === undefined ? 'ratchet/bad-frame' : 'no error')
          if (read === undefined) return
          const again = new Uint8Array(bytes.length)
          again.set(encodeMessage(read))
          expect(again).toEqual(bytes)
        },
      ),
      { numRuns: 1000, examples: [[new Uint8Array(4), 0, 2]] },
    )
  })

  it('fails closed on versions, bits and runs that it does not know', () => {
    const chunk = new Uint8Array(16)
    const bad: Record<string, number[]> = {
      'another version': [0x20],
      'version 0 with bits': [0x01],
      'an acknowledgement too many': [0x14],
      'nothing said': [0x10],
      'bytes after zero': [0, 1],
      'a run without chunks': [0x11, 0x80, 0],
      'a run that is cut': [0x11, 2, 0, ...chunk],
      'an index beyond 255': [0x11, 2, 255, ...chunk, ...chunk],
      'values in the wrong order': [0x11, 0x81, 0, ...chunk, 1, 0, ...chunk],
      'one value twice': [0x11, 1, 0, ...chunk, 1, 1, ...chunk],
      'something after the end': [0x11, 1, 0, ...chunk, 0, 7],
    }
    for (const [name, bytes] of Object.entries(bad)) {
      expect([name, codeOf(() => decodeMessage(Uint8Array.from(bytes)))]).toEqual([name, 'ratchet/bad-frame'])
    }
    expect(decodeMessage(Uint8Array.of(0x13, 1, 250, ...chunk, 0, 0)).runs[0]?.first).toBe(250)
  })
})
