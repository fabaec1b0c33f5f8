import { USABLE_BYTES } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import {
  decryptFrame,
  encodeSession,
  encryptFrame,
  expectedTags,
  MAX_FORWARD,
  MAX_SKIPPED_KEYS,
  SKIPPED_KEY_TTL_MS,
  TAG_WINDOW,
} from '../src/index.js'
import {
  codeOf,
  counting,
  crypto,
  NOW,
  newPair,
  type Pair,
  receive,
  send,
  sendMany,
  talk,
  talkedPair,
  unchanged,
} from './support.js'

const tagOf = (frame: Uint8Array): string => Buffer.from(frame.subarray(2, 16)).toString('hex')
const tagsOf = (pair: Pair, who: keyof Pair): string[] =>
  expectedTags(pair[who], crypto).map((tag) => Buffer.from(tag).toString('hex'))

describe('session', () => {
  it('carries messages of every size both ways', () => {
    const pair = newPair()
    for (const size of [128, 512, 2048] as const) {
      for (const length of [0, 1, USABLE_BYTES[size]]) {
        for (const from of ['alice', 'bob'] as const) {
          const text = 'x'.repeat(length)
          const frame = send(pair, from, text, size)
          expect(frame.length).toBe(size)
          expect(receive(pair, from === 'alice' ? 'bob' : 'alice', frame)).toBe(text)
        }
      }
    }
  })

  it('sends many messages before any answer', () => {
    const pair = newPair()
    for (const [i, frame] of sendMany(pair, 'alice', 50).entries()) {
      expect(receive(pair, 'bob', frame)).toBe(`alice ${i}`)
    }
  })

  it('opens messages in any order, over several chains', () => {
    const pair = talkedPair()
    const late = sendMany(pair, 'alice', 5)
    talk(pair, 'bob', 'turn')
    const newer = sendMany(pair, 'alice', 5)
    expect(receive(pair, 'bob', newer[3] as Uint8Array)).toBe('alice 3')
    expect(receive(pair, 'bob', late[4] as Uint8Array)).toBe('alice 4')
    expect(receive(pair, 'bob', newer[0] as Uint8Array)).toBe('alice 0')
    expect(receive(pair, 'bob', late[0] as Uint8Array)).toBe('alice 0')
    expect(receive(pair, 'bob', newer[4] as Uint8Array)).toBe('alice 4')
  })

  it('makes both sides ratchet while messages cross', () => {
    const pair = talkedPair()
    const rootKeys = new Set<string>()
    for (let round = 0; round < 5; round++) {
      const fromAlice = send(pair, 'alice', 'a')
      const fromBob = send(pair, 'bob', 'b')
      expect(receive(pair, 'bob', fromAlice)).toBe('a')
      expect(receive(pair, 'alice', fromBob)).toBe('b')
      rootKeys.add(Buffer.from(encodeSession(pair.alice).subarray(135, 167)).toString('hex'))
    }
    expect(rootKeys.size).toBe(5)
  })

  it('costs one block, one chain step and one AEAD a message, and one DH for a new chain', () => {
    const pair = talkedPair()
    const first = send(pair, 'alice', 'first')
    const second = send(pair, 'alice', 'second')
    const { provider, calls } = counting()
    let opened = decryptFrame(provider, pair.bob, first)
    expect(calls()).toMatchObject({ aead: 1, dh: 0, generate: 0, hmac: 0, chacha20: 2 })
    opened = decryptFrame(provider, opened?.session ?? pair.bob, second)
    expect(calls()).toMatchObject({ aead: 2, dh: 0, generate: 0, hmac: 0, chacha20: 4 })
    pair.bob = opened?.session ?? pair.bob
    const answer = send(pair, 'bob', 'answer')
    const listening = counting()
    decryptFrame(listening.provider, pair.alice, answer)
    expect(listening.calls()).toMatchObject({ aead: 1, dh: 1, generate: 0 })
  })

  it('refuses a body that does not fit and a size that is no frame', () => {
    const { alice } = newPair()
    for (const size of [128, 512, 2048] as const) {
      const body = new Uint8Array(USABLE_BYTES[size] + 1)
      expect(codeOf(() => encryptFrame(crypto, alice, { body, size }))).toBe('ratchet/too-long')
    }
    const size = 4096 as 2048
    expect(codeOf(() => encryptFrame(crypto, alice, { body: new Uint8Array(1), size }))).toBe(
      'ratchet/bad-argument',
    )
  })

  it('throws for a frame of no session size and leaves the state alone', () => {
    const { bob } = talkedPair()
    for (const length of [0, 1, 127, 129, 4096]) {
      const frame = new Uint8Array(length)
      expect(unchanged(bob, () => codeOf(() => decryptFrame(crypto, bob, frame)))).toBe('ratchet/bad-frame')
    }
  })

  it('takes a look-ahead from the caller, within its bound', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', 100)
    const far = frames[99] as Uint8Array
    expect(decryptFrame(crypto, pair.bob, far, { forward: 0 })).toBeNull()
    expect(decryptFrame(crypto, pair.bob, far, { forward: 99 })).toBeNull()
    expect(decryptFrame(crypto, pair.bob, far, { forward: 100 })?.n).toBe(100)
    for (const forward of [-1, 0.5, MAX_FORWARD + 1]) {
      expect(codeOf(() => decryptFrame(crypto, pair.bob, far, { forward }))).toBe('ratchet/bad-argument')
    }
  })
})

describe('expected tags', () => {
  it('hold every frame of the windows of the current and the next chain', () => {
    const pair = talkedPair()
    const current = sendMany(pair, 'alice', TAG_WINDOW)
    expect(tagsOf(pair, 'bob')).toEqual(current.map(tagOf))
    const crossing = sendMany(pair, 'bob', 2)
    expect(tagsOf(pair, 'bob').length).toBe(2 * TAG_WINDOW)
    receive(pair, 'alice', crossing[0] as Uint8Array)
    const next = sendMany(pair, 'alice', TAG_WINDOW)
    expect(tagsOf(pair, 'bob').slice(TAG_WINDOW)).toEqual(next.map(tagOf))
  })

  it('hold late messages until they come, and move on with each message', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', 4)
    receive(pair, 'bob', frames[2] as Uint8Array)
    expect(tagsOf(pair, 'bob')).toContain(tagOf(frames[0] as Uint8Array))
    expect(tagsOf(pair, 'bob')).toContain(tagOf(frames[3] as Uint8Array))
    expect(tagsOf(pair, 'bob')).not.toContain(tagOf(frames[2] as Uint8Array))
    receive(pair, 'bob', frames[0] as Uint8Array)
    expect(tagsOf(pair, 'bob')).not.toContain(tagOf(frames[0] as Uint8Array))
  })

  it('are the same whatever was looked up before, on old states too', () => {
    const pair = talkedPair()
    const old = pair.bob
    const before = tagsOf(pair, 'bob')
    for (const frame of sendMany(pair, 'alice', 60)) receive(pair, 'bob', frame)
    const now = tagsOf(pair, 'bob')
    expect(tagsOf({ ...pair, bob: old }, 'bob')).toEqual(before)
    expect(tagsOf(pair, 'bob')).toEqual(now)
  })
})

describe('wide search', () => {
  it('finds the same frames whatever was searched before, on old states too', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', 200)
    const junk = new Uint8Array(128)
    const old = { ...pair }
    const far = (of: Pair, index: number): string | null =>
      receive({ ...of }, 'bob', frames[index] as Uint8Array)
    for (const [index, forward] of [
      [20, 2],
      [60, 17],
      [100, MAX_FORWARD],
      [140, MAX_FORWARD],
    ] as const) {
      expect(decryptFrame(crypto, pair.bob, junk, { forward })).toBeNull()
      expect(receive(pair, 'bob', frames[index] as Uint8Array)).toBe(`alice ${index}`)
      expect(far(pair, 199)).toBe('alice 199')
      for (const early of [19, 50, 150]) expect(far(old, early)).toBe(`alice ${early}`)
    }
  })
})

describe('skipped messages', () => {
  it('expire by the time the caller gives', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', 4)
    const open = (index: number, now: number): string | null => {
      const opened = decryptFrame(crypto, pair.bob, frames[index] as Uint8Array, { now })
      if (opened === null) return null
      pair.bob = opened.session
      return Buffer.from(opened.body).toString()
    }
    expect(open(2, NOW)).toBe('alice 2')
    expect(open(0, NOW + SKIPPED_KEY_TTL_MS)).toBe('alice 0')
    expect(tagsOf(pair, 'bob')).toContain(tagOf(frames[1] as Uint8Array))
    expect(open(3, NOW + SKIPPED_KEY_TTL_MS + 1)).toBe('alice 3')
    expect(open(1, NOW + SKIPPED_KEY_TTL_MS + 1)).toBeNull()
  })

  it('do not expire without a time, nor when the clock goes back', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', 4)
    pair.bob = decryptFrame(crypto, pair.bob, frames[1] as Uint8Array)?.session ?? pair.bob
    pair.bob = decryptFrame(crypto, pair.bob, frames[3] as Uint8Array, { now: NOW })?.session ?? pair.bob
    const back = decryptFrame(crypto, pair.bob, frames[2] as Uint8Array, { now: 1 })
    expect(Buffer.from(back?.body ?? []).toString()).toBe('alice 2')
    expect(receive({ ...pair, bob: back?.session ?? pair.bob }, 'bob', frames[0] as Uint8Array)).toBe(
      'alice 0',
    )
  })

  it('end with the session intact when the gap of an old chain is too long to keep', () => {
    const pair = talkedPair()
    const lost = sendMany(pair, 'alice', MAX_FORWARD + 500)
    talk(pair, 'bob', 'turn')
    expect(talk(pair, 'alice', 'still here')).toBe('still here')
    expect(receive(pair, 'bob', lost[MAX_SKIPPED_KEYS] as Uint8Array)).toBeNull()
    expect(receive(pair, 'bob', lost[MAX_SKIPPED_KEYS - 1] as Uint8Array)).toBe(
      `alice ${MAX_SKIPPED_KEYS - 1}`,
    )
    expect(talk(pair, 'bob', 'yes')).toBe('yes')
  })
})
