/** Stored post-quantum states that no session can be in: hostile 33, 53. */
import { describe, expect, it } from 'vitest'
import { pqFuzzWorld } from '../../fuzz/support/pq-world.js'
import { MAX_PQ_EPOCH, PQ_INTERVAL, type SessionState } from '../../src/index.js'
import { type Collected, chunksOf, NOTHING } from '../../src/pq/erasure.js'
import { HEADER_BYTES, headerOf, VECTOR_BYTES } from '../../src/pq/incremental.js'
import type { Answering, Exchange, Offering, PqState } from '../../src/pq/state.js'
import { postQuantum } from '../../src/pq.js'
import { coreOf } from '../../src/session.js'
import { codeOf } from '../support.js'

const { crypto, sessions } = pqFuzzWorld()

function stateOf(session: SessionState): PqState {
  const state = coreOf(session).pq?.state
  if (state === undefined) throw new Error('not post-quantum')
  return state
}

/** What the decoder says to the state, written as if it were one. */
function verdict(state: PqState): string {
  return codeOf(() => postQuantum.decode(state.role, postQuantum.encode(state)))
}

const REFUSED = 'ratchet/bad-snapshot'
const partial = (indices: readonly number[]): Collected => ({
  kind: 'partial',
  indices: Uint8Array.from(indices),
  data: new Uint8Array(indices.length * 16),
})
const whole = (value: Uint8Array): Collected => ({ kind: 'whole', value })
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

describe('a stored post-quantum state', () => {
  const awaiting = stateOf(sessions.awaiting)
  const offering = stateOf(sessions.offering)
  const answering = stateOf(sessions.answering)
  const withExchange = (state: PqState, exchange: Exchange): string => verdict({ ...state, exchange })
  const collecting = (header: Collected, vector: Collected): string =>
    withExchange(awaiting, { kind: 'awaiting', collected: [header, vector] })

  it('comes back in each state of the exchange', () => {
    for (const session of Object.values(sessions)) expect(verdict(stateOf(session))).toBe('no error')
  })

  it('hostile 53: is refused with as many chunks as make a value, or with one chunk twice', () => {
    const all = chunksOf(HEADER_BYTES)
    expect(collecting(partial(upTo(all - 1)), NOTHING)).toBe('no error')
    expect(collecting(partial(upTo(all)), NOTHING)).toBe(REFUSED)
    expect(collecting(partial([7, 200]), partial([0, 255]))).toBe('no error')
    expect(collecting(partial([7, 7]), NOTHING)).toBe(REFUSED)
    expect(collecting(NOTHING, partial([255, 3, 255]))).toBe(REFUSED)
    expect(collecting(NOTHING, partial(upTo(chunksOf(VECTOR_BYTES))))).toBe(REFUSED)
  })

  it('hostile 53: is refused with a header and a vector of two keys', () => {
    const { publicKey, header } = offering.exchange as Offering
    const vector = publicKey.slice(0, VECTOR_BYTES)
    const other = Uint8Array.from(vector)
    other[9] = (other[9] as number) ^ 1
    expect(collecting(whole(header), whole(vector))).toBe('no error')
    expect(collecting(whole(header), whole(other))).toBe(REFUSED)
    const pending = (collected: Collected): string =>
      withExchange(answering, {
        ...(answering.exchange as Answering),
        rest: { kind: 'pending', pending: { random: new Uint8Array(32), header, vector: collected } },
      })
    expect([pending(whole(vector)), pending(whole(other))]).toEqual(['no error', REFUSED])
    // A key whose header is right and whose coefficients are not below q.
    const high = Uint8Array.from(publicKey).fill(0xff, 0, 3)
    expect(collecting(whole(headerOf(high)), whole(high.slice(0, VECTOR_BYTES)))).toBe(REFUSED)
  })

  it('hostile 53: is refused with acknowledgements of values that there are not', () => {
    const acked = (count: number): string =>
      withExchange(offering, { ...(offering.exchange as Offering), acked: count })
    expect([acked(0), acked(3), acked(4), acked(255)]).toEqual(['no error', 'no error', REFUSED, REFUSED])
  })

  it('hostile 53: is refused in a role that has another part in that epoch, or with counts beyond their end', () => {
    for (const session of Object.values(sessions)) {
      const state = stateOf(session)
      expect(verdict({ ...state, epoch: state.epoch + 1 })).toBe(REFUSED)
      expect(verdict({ ...state, epoch: state.epoch + 2 })).toBe('no error')
      const role = state.role === 'initiator' ? 'responder' : 'initiator'
      expect(codeOf(() => postQuantum.decode(role, postQuantum.encode(state)))).toBe(REFUSED)
    }
  })
})

describe('the last epoch', () => {
  it('never ends: nothing is offered in it, and it goes on sending', () => {
    const last: PqState = { ...stateOf(sessions.resting), epoch: MAX_PQ_EPOCH, messages: PQ_INTERVAL }
    const input = { transcript: new Uint8Array(32), room: 1976 }
    expect(last.exchange.kind).toBe('resting')
    const sent = postQuantum.send(crypto, last, input)
    expect([sent.state.exchange.kind, sent.epoch, sent.padding.length]).toEqual(['resting', MAX_PQ_EPOCH, 0])
    const before = postQuantum.send(crypto, { ...last, epoch: MAX_PQ_EPOCH - 2 }, input)
    expect(before.state.exchange.kind).toBe('offering')
  })
})
