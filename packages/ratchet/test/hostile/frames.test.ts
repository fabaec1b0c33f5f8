/** Frames that a hostile network or peer may make. */
import { frameMask, sealFrame } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import {
  decodeSession,
  decryptFrame,
  encodeSession,
  encryptFrame,
  MAX_FORWARD,
  MAX_SKIPPED_KEYS,
  type SessionState,
  TAG_WINDOW,
} from '../../src/index.js'
import { chainStep } from '../../src/kdf.js'
import { coreOf } from '../../src/session.js'
import {
  BAD_X25519,
  codeOf,
  counting,
  crypto,
  flipped,
  newPair,
  type Pair,
  receive,
  send,
  sendMany,
  talk,
  talkedPair,
  unchanged,
} from '../support.js'

const FRAME_BITS = 128 * 8

/** A snapshot with one field replaced. */
function patched(session: SessionState, offset: number, bytes: readonly number[]): SessionState {
  const snapshot = Uint8Array.from(encodeSession(session))
  snapshot.set(bytes, offset)
  return decodeSession(crypto, snapshot)
}

/** What the owner of Alice's session could send: any header under her real keys. */
function forge(
  session: SessionState,
  header: Partial<Parameters<typeof sealFrame>[1]['header']>,
): Uint8Array {
  const { sending, facts } = coreOf(session)
  if (sending.kind !== 'ready') throw new Error('not ready')
  const body = Buffer.from('forged')
  const { n, pn, ratchetPublic: ratchetKey } = sending
  return sealFrame(crypto, {
    mask: frameMask(crypto, sending.headerKey, n),
    header: { ratchetKey, n, pn, length: body.length, pqEpoch: 0, ...header },
    messageKey: chainStep(crypto, sending.chainKey).messageKey,
    associatedData: facts.transcript,
    body,
    size: 128,
  })
}

describe('frames', () => {
  it('hostile 8: a repeated frame is nobody’s, at once, later and after a restart', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', 40)
    for (const frame of frames) {
      expect(receive(pair, 'bob', frame)).not.toBeNull()
      expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, frame))).toBeNull()
    }
    pair.bob = decodeSession(crypto, encodeSession(pair.bob))
    for (const frame of frames) {
      expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, frame))).toBeNull()
    }
    talk(pair, 'bob', 'turn')
    talk(pair, 'alice', 'new chain')
    for (const frame of frames) expect(decryptFrame(crypto, pair.bob, frame)).toBeNull()
  })

  it('hostile 8: a frame just repeated costs no wide search', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', TAG_WINDOW)
    for (const frame of frames) receive(pair, 'bob', frame)
    const { provider, calls } = counting()
    for (const frame of frames) expect(decryptFrame(provider, pair.bob, frame)).toBeNull()
    expect(calls()).toMatchObject({ aead: 0, hmac: 0, dh: 0 })
    expect(calls().chacha20).toBeLessThanOrEqual(2 * TAG_WINDOW)
  })

  it('hostile 8: nor does it after a restart', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', 2 * TAG_WINDOW).slice(TAG_WINDOW)
    receive(pair, 'bob', frames[TAG_WINDOW - 1] as Uint8Array)
    for (const frame of frames.slice(0, -1)) receive(pair, 'bob', frame)
    const { provider, calls } = counting()
    for (const frame of frames) {
      const bob = decodeSession(crypto, encodeSession(pair.bob))
      expect(decryptFrame(provider, bob, frame)).toBeNull()
    }
    expect(calls()).toMatchObject({ aead: 0, hmac: 0, dh: 0 })
    expect(calls().chacha20).toBeLessThanOrEqual(2 * TAG_WINDOW * TAG_WINDOW)
  })

  for (const [name, make] of [
    ['in the current chain', talkedPair],
    [
      'of a new chain',
      (): Pair => {
        const pair = talkedPair()
        talk(pair, 'bob', 'turn')
        return pair
      },
    ],
  ] as const) {
    it(`attack: each bit of a frame flipped ${name} gives null and the same state`, () => {
      const pair = make()
      const frame = send(pair, 'alice', 'hello')
      for (let bit = 0; bit < FRAME_BITS; bit++) {
        expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, flipped(frame, bit)))).toBeNull()
      }
      expect(receive(pair, 'bob', frame)).toBe('hello')
    })
  }

  it('attack: each bit of a late frame flipped gives null, and its key stays', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', 2)
    receive(pair, 'bob', frames[1] as Uint8Array)
    const late = frames[0] as Uint8Array
    for (let bit = 0; bit < FRAME_BITS; bit++) {
      expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, flipped(late, bit)))).toBeNull()
    }
    expect(receive(pair, 'bob', late)).toBe('alice 0')
  })

  it('attack: a tag truncated: a frame cut or extended is refused', () => {
    const pair = talkedPair()
    const frame = send(pair, 'alice', 'hello', 512)
    const cases: [number, string | null][] = [
      [511, 'ratchet/bad-frame'],
      [128, null],
    ]
    for (const [length, expected] of cases) {
      let result: unknown = 'nothing'
      const code = codeOf(() => {
        result = unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, frame.subarray(0, length)))
      })
      if (expected === null) expect([code, result]).toEqual(['no error', null])
      else expect(code).toBe(expected)
    }
    expect(codeOf(() => decryptFrame(crypto, pair.bob, Buffer.concat([frame, frame])))).toBe(
      'ratchet/bad-frame',
    )
  })

  it('attack: own frames reflected are nobody’s', () => {
    const pair = talkedPair()
    for (const who of ['alice', 'bob', 'alice'] as const) {
      const frame = send(pair, who, 'mine')
      expect(unchanged(pair[who], () => decryptFrame(crypto, pair[who], frame))).toBeNull()
      receive(pair, who === 'alice' ? 'bob' : 'alice', frame)
      expect(unchanged(pair[who], () => decryptFrame(crypto, pair[who], frame))).toBeNull()
    }
  })

  it('frames of other sessions are nobody’s', () => {
    const ours = talkedPair()
    const others = talkedPair()
    const frame = send(others, 'alice', 'hello')
    expect(unchanged(ours.bob, () => decryptFrame(crypto, ours.bob, frame))).toBeNull()
  })

  it('hostile 10, attack: a forged huge counter is refused for a bounded number of blocks', () => {
    const pair = talkedPair()
    const frame = send(pair, 'alice', 'hello')
    const { provider, calls } = counting()
    // Bytes 48 to 50 are the masked message number.
    for (let bit = 48 * 8; bit < 51 * 8; bit++) {
      expect(unchanged(pair.bob, () => decryptFrame(provider, pair.bob, flipped(frame, bit)))).toBeNull()
    }
    expect(calls()).toMatchObject({ aead: 0, hmac: 0, dh: 0 })
    expect(calls().chacha20).toBeLessThanOrEqual(2 * TAG_WINDOW)
  })

  it('hostile 10, attack: a counter of 2^24 − 2, the last there is, by the peer itself is refused, with bounded work and the same state', () => {
    const pair = talkedPair()
    // Alice’s counter stands after her five keys of 32 bytes.
    const jumped = patched(pair.alice, 327, [0xfe, 0xff, 0xff])
    const last = encryptFrame(crypto, jumped, { body: new Uint8Array(1), size: 128 })
    expect(codeOf(() => encryptFrame(crypto, last.session, { body: new Uint8Array(1), size: 128 }))).toBe(
      'ratchet/chain-exhausted',
    )
    const { provider, calls } = counting()
    for (let i = 0; i < 1000; i++) expect(decryptFrame(provider, pair.bob, last.frame)).toBeNull()
    expect(unchanged(pair.bob, () => decryptFrame(provider, pair.bob, last.frame))).toBeNull()
    expect(calls()).toMatchObject({ aead: 0, hmac: 0, dh: 0 })
    expect(calls().chacha20).toBeLessThanOrEqual(2 * (MAX_FORWARD + TAG_WINDOW))
    expect(talk(pair, 'alice', 'still fine')).toBe('still fine')
  })

  it('attack: 2^24 − 1 as the length of a chain: it still ends in a working session', () => {
    const pair = newPair()
    const jumped = patched(pair.alice, 327, [0xff, 0xff, 0xff])
    expect(codeOf(() => encryptFrame(crypto, jumped, { body: new Uint8Array(1), size: 128 }))).toBe(
      'ratchet/chain-exhausted',
    )
    pair.alice = jumped
    expect(talk(pair, 'bob', 'turn')).toBe('turn')
    const { provider, calls } = counting()
    const frame = send(pair, 'alice', 'on a new chain, after 2^24 − 1 that never came')
    const opened = decryptFrame(provider, pair.bob, frame)
    expect(opened?.n).toBe(0)
    expect(calls().chacha20).toBeLessThanOrEqual(2 * MAX_FORWARD + 4 * TAG_WINDOW)
  })

  it('opens the farthest allowed message and not the one after', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', MAX_FORWARD + 1)
    const tooFar = frames[MAX_FORWARD] as Uint8Array
    expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, tooFar))).toBeNull()
    expect(receive(pair, 'bob', frames[MAX_FORWARD - 1] as Uint8Array)).toBe(`alice ${MAX_FORWARD - 1}`)
    expect(receive(pair, 'bob', tooFar)).toBe(`alice ${MAX_FORWARD}`)
    expect(receive(pair, 'bob', frames[0] as Uint8Array)).toBe('alice 0')
  })

  it('hostile 11, attack: many chains × maximum skip: 10⁵ skipped messages keep to one cap', () => {
    const pair = talkedPair()
    const largest = 301 + 2 + 92 * MAX_SKIPPED_KEYS
    let skipped = 0
    let last: Uint8Array[] = []
    while (skipped < 100_000) {
      last = sendMany(pair, 'alice', MAX_FORWARD)
      expect(receive(pair, 'bob', last[MAX_FORWARD - 1] as Uint8Array)).not.toBeNull()
      skipped += MAX_FORWARD - 1
      expect(encodeSession(pair.bob).length).toBeLessThanOrEqual(largest)
      talk(pair, 'bob', 'turn')
    }
    expect(coreOf(pair.bob).skipped.length).toBe(MAX_SKIPPED_KEYS)
    expect(receive(pair, 'bob', last[0] as Uint8Array)).toBe('alice 0')
  })

  it('hostile 11: the oldest skipped key goes first', () => {
    const pair = talkedPair()
    const older = sendMany(pair, 'alice', 3)
    receive(pair, 'bob', older[2] as Uint8Array)
    const newer = sendMany(pair, 'alice', MAX_FORWARD)
    receive(pair, 'bob', newer[MAX_FORWARD - 1] as Uint8Array)
    expect(receive(pair, 'bob', older[0] as Uint8Array)).toBeNull()
    expect(receive(pair, 'bob', older[1] as Uint8Array)).toBe('alice 1')
    expect(receive(pair, 'bob', newer[0] as Uint8Array)).toBe('alice 0')
  })

  it('hostile 12, attack: a frame whose ratchet key is of small order or not canonical is refused', () => {
    for (const ratchetKey of BAD_X25519) {
      const pair = talkedPair()
      talk(pair, 'bob', 'turn')
      // Alice answers: her new chain begins with this frame, under her real header key.
      const frame = send(pair, 'alice', 'hello')
      const { sending } = coreOf(pair.bob)
      const mask = sending.kind === 'ready' ? frameMask(crypto, sending.next.key, 0) : new Uint8Array(54)
      expect(frame.subarray(2, 16)).toEqual(mask.subarray(0, 14))
      for (let i = 0; i < 32; i++) frame[16 + i] = (ratchetKey[i] as number) ^ (mask[14 + i] as number)
      const { provider, calls } = counting()
      expect(unchanged(pair.bob, () => decryptFrame(provider, pair.bob, frame))).toBeNull()
      expect(calls()).toMatchObject({ dh: 0, aead: 0 })
    }
  })

  it('attack: a random ratchet key under a known tag, a thousand times, leaves the state byte-identical', () => {
    const pair = talkedPair()
    talk(pair, 'bob', 'turn')
    const frame = send(pair, 'alice', 'hello')
    const before = encodeSession(pair.bob)
    for (let i = 0; i < 1000; i++) {
      const forged = Uint8Array.from(frame)
      forged.set(crypto.randomBytes(32), 16)
      expect(decryptFrame(crypto, pair.bob, forged)).toBeNull()
    }
    expect(encodeSession(pair.bob)).toEqual(before)
    expect(receive(pair, 'bob', frame)).toBe('hello')
  })

  it('hostile 20, attack: PQ field added: a frame that claims a post-quantum epoch is refused, though it is authentic', () => {
    const pair = talkedPair()
    for (let pqEpoch = 1; pqEpoch < 16; pqEpoch++) {
      const frame = forge(pair.alice, { pqEpoch })
      expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, frame))).toBeNull()
    }
    expect(receive(pair, 'bob', forge(pair.alice, {}))).toBe('forged')
  })

  it('an authentic frame with a message number that is not its tag’s is refused', () => {
    const pair = talkedPair()
    for (const n of [0, 2, 0xffffff]) {
      const frame = forge(pair.alice, { n })
      expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, frame))).toBeNull()
    }
  })

  it('an authentic frame that pads with other than zero is refused with a typed error', () => {
    const pair = talkedPair()
    const { sending, facts } = coreOf(pair.alice)
    if (sending.kind !== 'ready') throw new Error('not ready')
    const { n, pn, ratchetPublic: ratchetKey } = sending
    const frame = sealFrame(crypto, {
      mask: frameMask(crypto, sending.headerKey, n),
      header: { ratchetKey, n, pn, length: 1, pqEpoch: 0 },
      messageKey: chainStep(crypto, sending.chainKey).messageKey,
      associatedData: facts.transcript,
      body: Uint8Array.of(1),
      padding: Uint8Array.of(0, 1),
      size: 128,
    })
    const before = encodeSession(pair.bob)
    expect(codeOf(() => decryptFrame(crypto, pair.bob, frame))).toBe('ratchet/bad-frame')
    expect(encodeSession(pair.bob)).toEqual(before)
  })
})
