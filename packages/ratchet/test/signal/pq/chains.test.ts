import { describe, expect, it } from 'vitest'
import { SIGNAL_MAX_FORWARD } from '../../../src/signal/limits.js'
import {
  addEpoch,
  type PqChains,
  receivingKey,
  sendingKey,
  startChains,
} from '../../../src/signal/pq/chains.js'
import { codeOf, crypto } from '../support.js'

const authKey = new Uint8Array(32).fill(4)
const pair = (): [PqChains, PqChains] => [
  startChains(crypto, authKey, true),
  startChains(crypto, authKey, false),
]
const secretOf = (epoch: number): Uint8Array => new Uint8Array(32).fill(100 + epoch)
const grow = (chains: PqChains, epoch: number): PqChains => addEpoch(crypto, chains, epoch, secretOf(epoch))

describe('post-quantum chains', () => {
  it('give both sides the same keys, other ones in each direction, numbered from 1', () => {
    const [a, b] = pair()
    const [fromA, fromB] = [sendingKey(crypto, a, 0), sendingKey(crypto, b, 0)]
    expect([fromA.index, fromB.index]).toEqual([1, 1])
    expect(receivingKey(crypto, b, 0, 1, SIGNAL_MAX_FORWARD).key).toEqual(fromA.key)
    expect(receivingKey(crypto, a, 0, 1, SIGNAL_MAX_FORWARD).key).toEqual(fromB.key)
    expect(fromA.key).not.toEqual(fromB.key)
  })

  it('give late keys once', () => {
    let [a, b] = pair()
    const keys = [1, 2, 3, 4].map(() => {
      const sent = sendingKey(crypto, a, 0)
      a = sent.chains
      return sent.key
    })
    for (const index of [4, 1, 3, 2]) {
      const got = receivingKey(crypto, b, 0, index, SIGNAL_MAX_FORWARD)
      expect(got.key).toEqual(keys[index - 1])
      b = got.chains
      expect(codeOf(() => receivingKey(crypto, b, 0, index, SIGNAL_MAX_FORWARD))).toBe(
        'ratchet/signal-duplicate',
      )
    }
  })

  it('keep the epoch before the one that is sent in, and forget those before it', () => {
    let [a, b] = pair()
    for (const epoch of [1, 2, 3]) {
      a = grow(a, epoch)
      b = grow(b, epoch)
    }
    const early = sendingKey(crypto, a, 1)
    b = sendingKey(crypto, b, 2).chains
    expect(b.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3])
    expect(receivingKey(crypto, b, 1, 1, SIGNAL_MAX_FORWARD).key).toEqual(early.key)
    b = sendingKey(crypto, b, 3).chains
    expect(b.epochs.map(({ epoch }) => epoch)).toEqual([2, 3])
    expect(codeOf(() => receivingKey(crypto, b, 1, 1, SIGNAL_MAX_FORWARD))).toBe(
      'ratchet/signal-bad-post-quantum',
    )
    expect(codeOf(() => receivingKey(crypto, b, 4, 1, SIGNAL_MAX_FORWARD))).toBe(
      'ratchet/signal-bad-post-quantum',
    )
  })

  it('hostile 10, 11: bound the jump and the keys kept', () => {
    const [, b] = pair()
    expect(codeOf(() => receivingKey(crypto, b, 0, 25_002, SIGNAL_MAX_FORWARD))).toBe(
      'ratchet/signal-too-far-ahead',
    )
    const { chains } = receivingKey(crypto, b, 0, 2500, SIGNAL_MAX_FORWARD)
    const skipped = chains.epochs[0]?.skipped ?? []
    expect([skipped.length, skipped[0]?.counter, skipped.at(-1)?.counter]).toEqual([2000, 500, 2499])
    const more = receivingKey(crypto, chains, 0, 2510, SIGNAL_MAX_FORWARD).chains.epochs[0]?.skipped ?? []
    expect([more.length, more[0]?.counter]).toEqual([2000, 509])
  })

  it('stop before a counter runs over', () => {
    const [a] = pair()
    const [epoch] = a.epochs
    if (epoch === undefined) throw new Error('no epoch')
    const last = { ...epoch, sending: { ...epoch.sending, counter: 0xff_ff_ff_fe } }
    expect(codeOf(() => sendingKey(crypto, { ...a, epochs: [last] }, 0))).toBe(
      'ratchet/signal-chain-exhausted',
    )
  })
})
