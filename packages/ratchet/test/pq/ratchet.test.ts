/** Post-quantum epochs over the session API: they advance, heal and never get in the way of messages. */
import { describe, expect, it } from 'vitest'
import {
  decodeSession,
  decryptFrame,
  encodeSession,
  encryptFrame,
  PQ_INTERVAL,
  type SessionState,
  sessionHealth,
} from '../../src/index.js'
import { postQuantum } from '../../src/pq.js'
import { coreOf } from '../../src/session.js'
import { crypto, newPair, newPqPair, type Pair, receive, send, sendMany, talk } from '../support.js'

type Side = keyof Pair
const other = (side: Side): Side => (side === 'alice' ? 'bob' : 'alice')
const epochOf = (session: SessionState): number => sessionHealth(session).pqEpoch ?? -1
const restart = (session: SessionState): SessionState =>
  decodeSession(crypto, encodeSession(session), { pq: postQuantum })

/** Messages back and forth until both sides are in `epoch`; returns how many it took. */
function talkUntil(pair: Pair, epoch: number, size: 128 | 512 | 2048, text: string, most = 4000): number {
  for (let count = 0; count < most; count++) {
    if (epochOf(pair.alice) >= epoch && epochOf(pair.bob) >= epoch) return count
    const from: Side = count % 2 === 0 ? 'alice' : 'bob'
    if (receive(pair, other(from), send(pair, from, text, size)) !== text) throw new Error(`message ${count}`)
  }
  throw new Error(`no epoch ${epoch} in ${most} messages`)
}

describe('post-quantum ratchet', () => {
  it.each([
    [2048, 'hello', 12],
    [512, 'hello', 4],
    [128, 'hello', 2],
    [128, 'x'.repeat(37), 1],
  ] as const)('goes from epoch to epoch in frames of %i bytes', (size, text, epochs) => {
    const pair = newPqPair()
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const before = epoch - 1
      expect([epochOf(pair.alice), epochOf(pair.bob)]).toEqual([before, before])
      const count = talkUntil(pair, epoch, size, text)
      expect(count).toBeGreaterThanOrEqual(PQ_INTERVAL)
      if (size === 2048) expect(count).toBeLessThanOrEqual(PQ_INTERVAL + 8)
    }
  })

  it('passes sixteen epochs: the header carries them modulo 16', () => {
    const pair = newPqPair()
    talkUntil(pair, 18, 2048, 'round and round')
    expect(talk(pair, 'alice', 'still')).toBe('still')
  })

  it('costs no byte: a 128-byte frame keeps its 56, and a full one carries nothing', () => {
    const pair = newPqPair()
    for (let i = 0; i < 3 * PQ_INTERVAL; i++) {
      const body = Uint8Array.from({ length: 56 }, (_, at) => at + 1)
      const from: Side = i % 2 === 0 ? 'alice' : 'bob'
      const { frame, session } = encryptFrame(crypto, pair[from], { body, size: 128 })
      pair[from] = session
      expect(frame.length).toBe(128)
      const opened = decryptFrame(crypto, pair[other(from)], frame)
      expect(opened?.body).toEqual(body)
      if (opened !== null) pair[other(from)] = opened.session
    }
    expect([epochOf(pair.alice), epochOf(pair.bob)]).toEqual([0, 0])
    expect(coreOf(pair.alice).pq?.state.exchange.kind).toBe('resting')
    talkUntil(pair, 1, 2048, 'now there is room')
  })

  it('mixes the epoch into every message key: the chain alone opens nothing', () => {
    const pair = newPqPair()
    const frame = send(pair, 'alice', 'secret')
    const core = coreOf(pair.bob)
    const { pq } = core
    if (pq === null) throw new Error('not post-quantum')
    const thief = (key: Uint8Array): SessionState =>
      ({
        ...pair.bob,
        [Object.getOwnPropertySymbols(pair.bob)[0] as symbol]: () => ({
          ...core,
          pq: { ...pq, state: { ...pq.state, key } },
        }),
      }) as SessionState
    expect(decryptFrame(crypto, thief(new Uint8Array(32)), frame)).toBeNull()
    expect(decryptFrame(crypto, thief(pq.state.key), frame)).not.toBeNull()
  })

  it('heals: whoever copied both states reads on until the next epoch, and not after it', () => {
    const pair = newPqPair()
    talkUntil(pair, 1, 2048, 'before')
    const stolen = coreOf(pair.bob).pq?.state.key
    talkUntil(pair, 2, 2048, 'after')
    for (const session of [pair.alice, pair.bob]) {
      const state = coreOf(session).pq?.state
      expect(state?.key).not.toEqual(stolen)
      expect(Buffer.from(encodeSession(session)).includes(Buffer.from(stolen ?? []))).toBe(false)
    }
    expect(coreOf(pair.alice).pq?.state.key).toEqual(coreOf(pair.bob).pq?.state.key)
  })

  it('opens late messages of the epoch before, and those skipped while it changed', () => {
    const pair = newPqPair()
    const late = [send(pair, 'alice', 'late 0'), send(pair, 'bob', 'late 1')]
    const straddling: Uint8Array[] = []
    for (let i = 0; epochOf(pair.alice) < 2; i++) {
      straddling.push(send(pair, 'alice', `straddling ${i}`, 2048))
      talk(pair, 'alice', 'on')
      const answer = send(pair, 'bob', 'back', 2048)
      receive(pair, 'alice', answer)
      receive(pair, 'bob', send(pair, 'alice', 'again', 2048))
      pair.bob = restart(pair.bob)
    }
    expect(receive(pair, 'bob', late[0] as Uint8Array)).toBe('late 0')
    expect(receive(pair, 'alice', late[1] as Uint8Array)).toBe('late 1')
    straddling.forEach((frame, i) => {
      expect(receive(pair, 'bob', frame)).toBe(`straddling ${i}`)
      expect(receive(pair, 'bob', frame)).toBeNull()
    })
  })

  it('opens messages that were passed over by the first frame of a new epoch, whichever of the two they are of', () => {
    const pair = newPqPair()
    const moved = (): boolean => coreOf(pair.alice).pq?.state.exchange.kind === 'moved'
    let passed: string[] = []
    let frames: Uint8Array[] = []
    while (!moved()) {
      talk(pair, 'alice', 'on')
      const answer = send(pair, 'bob', 'back', 2048)
      // Held back: two messages from before the turn and two from after it.
      passed = ['old 0', 'old 1', 'new 0', 'new 1']
      frames = passed.slice(0, 2).map((text) => send(pair, 'alice', text, 2048))
      receive(pair, 'alice', answer)
      frames.push(...passed.slice(2).map((text) => send(pair, 'alice', text, 2048)))
      receive(pair, 'bob', send(pair, 'alice', 'latest', 2048))
    }
    expect(epochOf(pair.bob)).toBe(1)
    pair.bob = restart(pair.bob)
    for (const i of [3, 0, 2, 1]) expect(receive(pair, 'bob', frames[i] as Uint8Array)).toBe(passed[i])
    const entries = coreOf(pair.bob).skipped
    expect(entries.every(({ pq }) => pq !== null)).toBe(true)
  })

  it('is at most 4 KB in a snapshot, and under 500 bytes between exchanges', () => {
    const pair = newPqPair()
    let largest = 0
    let kinds = new Set<string>()
    for (let i = 0; epochOf(pair.alice) < 3; i++) {
      const from: Side = i % 2 === 0 ? 'alice' : 'bob'
      talk(pair, from, 'x'.repeat(i % 20))
      for (const side of ['alice', 'bob'] as const) {
        const bytes = encodeSession(pair[side])
        const kind = coreOf(pair[side]).pq?.state.exchange.kind ?? ''
        kinds = kinds.add(kind)
        largest = Math.max(largest, bytes.length)
        if (kind === 'resting') expect(bytes.length).toBeLessThanOrEqual(500)
        expect(encodeSession(restart(pair[side]))).toEqual(bytes)
      }
    }
    expect([...kinds].sort()).toEqual(['answering', 'awaiting', 'moved', 'offering', 'resting'])
    expect(largest).toBeLessThanOrEqual(3000)
    expect(encodeSession(newPair().alice).length).toBeLessThanOrEqual(400)
  })

  it('computes no KEM on receipt: a frame from outside draws no randomness', () => {
    const pair = newPqPair()
    const silent = {
      ...crypto,
      randomBytes: (): never => {
        throw new Error('drawn on receipt')
      },
    }
    for (let i = 0; epochOf(pair.alice) < 2; i++) {
      const from: Side = i % 2 === 0 ? 'alice' : 'bob'
      const opened = decryptFrame(silent, pair[other(from)], send(pair, from, 'text', 2048))
      if (opened === null) throw new Error('not opened')
      pair[other(from)] = opened.session
    }
  })
})

describe('session health', () => {
  it('tells when classical and post-quantum healing last happened', () => {
    const pair = newPqPair()
    expect(sessionHealth(pair.alice)).toEqual({
      postQuantum: true,
      classicalHealedAt: null,
      pqEpoch: 0,
      pqHealedAt: null,
      pqStalled: false,
    })
    for (let now = 1000; epochOf(pair.alice) < 1; now++) {
      const from: Side = now % 2 === 0 ? 'alice' : 'bob'
      const opened = decryptFrame(crypto, pair[other(from)], send(pair, from, 'tick', 2048), { now })
      if (opened === null) throw new Error('not opened')
      pair[other(from)] = opened.session
      if (from === 'bob') expect(sessionHealth(pair.alice).classicalHealedAt).toBe(now)
    }
    const { pqHealedAt } = sessionHealth(pair.alice)
    expect(pqHealedAt).toBeGreaterThan(1000 + PQ_INTERVAL)
    talk(pair, 'alice', 'later')
    expect(sessionHealth(restart(pair.alice))).toEqual(sessionHealth(pair.alice))
    expect(sessionHealth(pair.alice)).toMatchObject({ pqHealedAt, pqEpoch: 1, pqStalled: false })
  })

  it('a classic session says that it is one', () => {
    const pair = newPair()
    talk(pair, 'alice', 'one')
    expect(sessionHealth(pair.bob)).toMatchObject({
      postQuantum: false,
      pqEpoch: null,
      pqHealedAt: null,
      pqStalled: false,
    })
  })

  it('attack: PQ stalled: a peer whose frames are always full stops healing, is reported, and breaks no message', () => {
    const pair = newPqPair()
    const full = 'x'.repeat(56)
    for (let i = 0; i < 400; i++) {
      expect(talk(pair, 'alice', 'open')).toBe('open')
      expect(talk(pair, 'bob', full)).toBe(full)
    }
    expect([epochOf(pair.alice), epochOf(pair.bob)]).toEqual([0, 0])
    expect(sessionHealth(pair.alice).pqStalled).toBe(true)
    expect(sessionHealth(pair.bob).pqStalled).toBe(false)
    talkUntil(pair, 1, 2048, 'it goes on')
    expect(sessionHealth(pair.alice).pqStalled).toBe(false)
  })

  it('a long silence of the peer is no stall, nor is a long monologue', () => {
    const pair = newPqPair()
    sendMany(pair, 'alice', 300)
    expect(sessionHealth(pair.alice).pqStalled).toBe(false)
    const fresh = newPqPair()
    for (let i = 0; i < 300; i++) talk(fresh, 'alice', 'on and on')
    expect([sessionHealth(fresh.bob).pqStalled, sessionHealth(fresh.alice).pqStalled]).toEqual([false, false])
  })
})
