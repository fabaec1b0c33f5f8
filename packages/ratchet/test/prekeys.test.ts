import { describe, expect, it } from 'vitest'
import {
  createPrekeyState,
  currentSignedPrekey,
  decodePrekeyBundle,
  decodePrekeyState,
  encodePrekeyState,
  generateOneTimePrekeys,
  KEPT_SIGNED_PREKEYS,
  lastResortBundle,
  MAX_ONE_TIME_PREKEYS,
  MAX_PREKEY_BATCH,
  MAX_PREKEY_ID,
  type PrekeyState,
  rotateSignedPrekey,
  verifyPrekeyBundle,
} from '../src/index.js'
import { codeOf, crypto, device, NOW, publish } from './support.js'

function idsOf(state: PrekeyState): number[] {
  return [...state.signed, ...state.oneTime].map((prekey) => prekey.id)
}

describe('prekeys', () => {
  it('makes self-contained bundles that verify, one for each one-time prekey', () => {
    const { owner, prekeys, bundles } = publish(device(), 5)
    const opened = bundles.map((bytes) =>
      verifyPrekeyBundle(crypto, decodePrekeyBundle(bytes), owner.peer.signing),
    )
    expect(opened.map((bundle) => bundle.oneTimePrekey?.id)).toEqual([2, 3, 4, 5, 6])
    for (const bundle of opened) {
      expect(bundle.signedPrekey).toMatchObject({ id: 1, createdAt: NOW })
      expect(bundle.identity.agreement).toEqual(owner.peer.agreement)
    }
    expect(prekeys.oneTime.length).toBe(5)
    expect(bundles[0]?.length).toBe(284)
  })

  it('makes a last-resort bundle that says so, the same until the next rotation', () => {
    const owner = device()
    const state = createPrekeyState(crypto, owner.keys, { now: NOW })
    const bytes = lastResortBundle(crypto, owner.keys, state)
    const again = generateOneTimePrekeys(crypto, owner.keys, state, 3).state
    expect(lastResortBundle(crypto, owner.keys, again)).toEqual(bytes)
    expect(verifyPrekeyBundle(crypto, decodePrekeyBundle(bytes), owner.peer.signing).oneTimePrekey).toBeNull()
    const rotated = rotateSignedPrekey(crypto, owner.keys, again, { now: NOW + 1 })
    expect(lastResortBundle(crypto, owner.keys, rotated)).not.toEqual(bytes)
  })

  it('never gives an id twice and keeps three signed prekeys with their one-time prekeys', () => {
    const owner = device()
    let state = createPrekeyState(crypto, owner.keys, { now: NOW })
    const seen = new Set<number>(idsOf(state))
    for (let week = 1; week <= 6; week++) {
      const before = new Set(idsOf(state))
      state = generateOneTimePrekeys(crypto, owner.keys, state, 4).state
      state = rotateSignedPrekey(crypto, owner.keys, state, { now: NOW + week })
      for (const id of idsOf(state).filter((one) => !before.has(one))) {
        expect(seen.has(id)).toBe(false)
        seen.add(id)
      }
    }
    expect(state.signed.length).toBe(KEPT_SIGNED_PREKEYS)
    expect(currentSignedPrekey(state)).toMatchObject({ createdAt: NOW + 6 })
    const kept = state.signed.map((one) => one.id)
    expect(state.oneTime.every((one) => kept.includes(one.signedPrekeyId))).toBe(true)
    expect(state.oneTime.length).toBe(4 * (KEPT_SIGNED_PREKEYS - 1))
  })

  it('leaves the given state alone', () => {
    const owner = device()
    const state = createPrekeyState(crypto, owner.keys, { now: NOW })
    const before = encodePrekeyState(crypto, state)
    generateOneTimePrekeys(crypto, owner.keys, state, 2)
    rotateSignedPrekey(crypto, owner.keys, state, { now: NOW })
    expect(encodePrekeyState(crypto, state)).toEqual(before)
  })

  it('forgets the oldest one-time prekeys beyond the cap', () => {
    const owner = device()
    let state = createPrekeyState(crypto, owner.keys, { now: NOW })
    while (state.nextId <= MAX_ONE_TIME_PREKEYS + 30) {
      state = generateOneTimePrekeys(crypto, owner.keys, state, 250).state
    }
    expect(state.oneTime.length).toBe(MAX_ONE_TIME_PREKEYS)
    expect(state.oneTime[0]?.id).toBe(state.nextId - MAX_ONE_TIME_PREKEYS)
  })

  it('refuses counts, times and ids out of range', () => {
    const owner = device()
    const state = createPrekeyState(crypto, owner.keys, { now: NOW })
    for (const count of [0, -1, 1.5, MAX_PREKEY_BATCH + 1, Number.NaN]) {
      expect(codeOf(() => generateOneTimePrekeys(crypto, owner.keys, state, count))).toBe(
        'ratchet/bad-argument',
      )
    }
    for (const now of [-1, 0.5, 2 ** 48, Number.NaN]) {
      expect(codeOf(() => createPrekeyState(crypto, owner.keys, { now }))).toBe('ratchet/bad-argument')
    }
    const last = { ...state, nextId: MAX_PREKEY_ID }
    const { state: spent } = generateOneTimePrekeys(crypto, owner.keys, last, 1)
    expect(decodePrekeyState(crypto, encodePrekeyState(crypto, spent)).nextId).toBe(MAX_PREKEY_ID + 1)
    expect(codeOf(() => generateOneTimePrekeys(crypto, owner.keys, spent, 1))).toBe(
      'ratchet/prekeys-exhausted',
    )
    expect(codeOf(() => rotateSignedPrekey(crypto, owner.keys, spent, { now: NOW }))).toBe(
      'ratchet/prekeys-exhausted',
    )
  })

  it('comes back from its snapshot, also mid-way', () => {
    const { owner, prekeys } = publish(device(), 3)
    const rotated = rotateSignedPrekey(crypto, owner.keys, prekeys, { now: NOW + 9 })
    const bytes = encodePrekeyState(crypto, rotated)
    expect(bytes.length).toBe(8 + 2 * 74 + 3 * 72)
    const back = decodePrekeyState(crypto, bytes)
    expect(encodePrekeyState(crypto, back)).toEqual(bytes)
    expect(lastResortBundle(crypto, owner.keys, back)).toEqual(lastResortBundle(crypto, owner.keys, rotated))
  })

  it('refuses every snapshot that it would not write', () => {
    const bytes = encodePrekeyState(crypto, publish(device(), 2).prekeys)
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(() => decodePrekeyState(crypto, bytes.subarray(0, length)))).toBe('ratchet/bad-snapshot')
    }
    const at = (offset: number, value: number): Uint8Array => {
      const copy = Uint8Array.from(bytes)
      copy[offset] = value
      return copy
    }
    const oneTime = 1 + 4 + 1 + 74
    expect(codeOf(() => decodePrekeyState(crypto, at(0, 2)))).toBe('ratchet/unsupported-version')
    const bad = {
      'next id below an id': at(1, 2),
      'no signed prekey': at(5, 0),
      'four signed prekeys': at(5, 4),
      'id 0': at(6, 0),
      'too many one-time prekeys': at(oneTime + 1, 0xff),
      'ids not ascending': at(oneTime + 2, 3),
      'unknown signed prekey': at(oneTime + 6, 2),
      'trailing byte': Uint8Array.from([...bytes, 0]),
    }
    const { keys } = device()
    const first = createPrekeyState(crypto, keys, { now: NOW })
    const twice = encodePrekeyState(crypto, rotateSignedPrekey(crypto, keys, first, { now: NOW }))
    const swapped = Uint8Array.from(twice)
    swapped.set(twice.subarray(6, 80), 80)
    swapped.set(twice.subarray(80, 154), 6)
    expect(codeOf(() => decodePrekeyState(crypto, swapped))).toBe('ratchet/bad-snapshot')
    for (const [name, mutated] of Object.entries(bad)) {
      expect([name, codeOf(() => decodePrekeyState(crypto, mutated))]).toEqual([name, 'ratchet/bad-snapshot'])
    }
  })
})
