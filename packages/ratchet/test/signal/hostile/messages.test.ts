/** Messages that nobody honest sent: refused with a typed error, and the stored session has not changed by a byte. */
import { concatBytes, equalBytes } from '@hyphae/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessage } from '../../../src/signal/message.js'
import { bytesField, numberField, varint } from '../../../src/signal/protobuf.js'
import { encodeEcKey } from '../../../src/signal/public-key.js'
import { coreOf } from '../../../src/signal/session.js'
import {
  decodePrekeyMessage,
  decodeSignalSession,
  decryptSignal,
  SIGNAL_MAX_MESSAGE_BYTES,
  type SignalEncrypted,
  type SignalSession,
} from '../../../src/signal.js'
import { codeOf, crypto, flipped, newPair, open, type Pair, pass, send, stored } from '../support.js'

const REFUSALS = [
  'ratchet/signal-bad-mac',
  'ratchet/signal-bad-message',
  'ratchet/signal-bad-key',
  'ratchet/signal-bad-post-quantum',
  'ratchet/signal-no-post-quantum',
  'ratchet/signal-unsupported-version',
  'ratchet/signal-duplicate',
  'ratchet/signal-too-far-ahead',
]

/** The code with which `session` refuses, having checked that it is unchanged. */
function refusal(session: SignalSession, message: Uint8Array): string | undefined {
  const before = stored(session)
  const code = codeOf(() => decryptSignal(crypto, session, message))
  expect(equalBytes(stored(session), before)).toBe(true)
  return code
}

interface Parts {
  readonly ratchetKey?: Uint8Array
  readonly counter?: number
  readonly pq?: Uint8Array | null
}

/** A letter whose header says something else; its MAC is no longer right. */
function forged({ message }: SignalEncrypted, parts: Parts): Uint8Array {
  const { ratchetKey, counter, previousCounter, ciphertext, pqMessage, mac } = decodeMessage(message)
  const pq = parts.pq === undefined ? pqMessage : parts.pq
  return concatBytes(
    Uint8Array.of(0x44),
    ...bytesField(1, encodeEcKey(parts.ratchetKey ?? ratchetKey)),
    ...numberField(2, parts.counter ?? counter),
    ...numberField(3, previousCounter),
    ...bytesField(4, ciphertext),
    ...(pq === null ? [] : bytesField(5, pq)),
    mac,
  )
}

/** Bob reads a letter of Alice. */
function read(pair: Pair, letter: SignalEncrypted | undefined): SignalEncrypted {
  if (letter === undefined) throw new Error('no such letter')
  expect(open(pair, 'bob', letter)).toEqual(Uint8Array.of(7))
  return letter
}

describe('forged messages', () => {
  it('hostile 1, attack: every flipped bit and every prefix, so every truncated MAC, is refused', () => {
    const pair = newPair()
    const { message } = send(pair, 'alice')
    for (let bit = 0; bit < message.length * 8; bit++) {
      const code = refusal(pair.bob, flipped(message, bit))
      // The lower half of the version byte may name a newer one; the MAC covers it all the same.
      expect(REFUSALS).toContain(code)
    }
    for (let end = 0; end < message.length; end++) {
      expect(REFUSALS).toContain(refusal(pair.bob, message.subarray(0, end)))
    }
    expect(REFUSALS).toContain(refusal(pair.bob, concatBytes(message, Uint8Array.of(0))))
    expect(codeOf(() => decryptSignal(crypto, pair.bob, message))).toBe(undefined)
  })

  it('fails only with typed errors, whatever the bytes', () => {
    const pair = newPair()
    const { message } = send(pair, 'alice')
    const edits = fc.array(fc.tuple(fc.nat({ max: message.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(fc.oneof(edits, fc.uint8Array({ maxLength: 200 })), (input) => {
        const bytes = input instanceof Uint8Array ? input : Uint8Array.from(message)
        if (!(input instanceof Uint8Array)) for (const [at, value] of input) bytes[at] = value
        const code = codeOf(() => decryptSignal(crypto, pair.bob, bytes))
        if (code !== undefined) expect(REFUSALS).toContain(code)
        else expect(bytes).toEqual(message)
      }),
      { numRuns: 400 },
    )
  })

  it('hostile 10, attack: a counter of 2^24 − 1 and larger is refused before anything is derived', () => {
    const pair = newPair()
    const letter = send(pair, 'alice')
    for (const counter of [25_100, 2 ** 24 - 1, 0xff_ff_ff_fe]) {
      expect(refusal(pair.bob, forged(letter, { counter }))).toBe('ratchet/signal-too-far-ahead')
    }
    expect(refusal(pair.bob, forged(letter, { counter: 0xff_ff_ff_ff }))).toBe('ratchet/signal-bad-message')
    expect(refusal(pair.bob, forged(letter, { counter: 24_000 }))).toBe('ratchet/signal-bad-mac')
  })

  it('hostile 10: the caller bounds how far ahead is looked for, in a chain and in a new one', () => {
    const pair = newPair()
    const letters = Array.from({ length: 12 }, () => send(pair, 'alice'))
    const at = (index: number, forward: number) => {
      const sent = letters[index]
      if (sent === undefined) throw new Error('no such letter')
      return codeOf(() => decryptSignal(crypto, pair.bob, sent.message, { forward }))
    }
    expect([at(5, 5), at(5, 4), at(0, 0)]).toEqual([undefined, 'ratchet/signal-too-far-ahead', undefined])
    read(pair, letters[2])
    expect([at(9, 6), at(9, 5), at(0, 0)]).toEqual([undefined, 'ratchet/signal-too-far-ahead', undefined])
    // The post-quantum chain goes on over chains: what was lost of the old one counts in it.
    pass(pair, 'bob')
    letters.push(send(pair, 'alice'))
    expect([at(12, 9), at(12, 8)]).toEqual([undefined, 'ratchet/signal-too-far-ahead'])
    for (const forward of [-1, 0.5, 25_001, Number.NaN]) {
      expect(at(12, forward)).toBe('ratchet/signal-bad-argument')
    }
  })

  it('attack: a random ratchet key with a bad MAC, 1,000 times, leaves nothing behind', () => {
    const pair = newPair()
    const letter = send(pair, 'alice')
    const before = stored(pair.bob)
    for (let i = 0; i < 1000; i++) {
      const wrong = forged(letter, { ratchetKey: crypto.x25519.generate().publicKey })
      const code = codeOf(() => decryptSignal(crypto, pair.bob, wrong))
      expect(['ratchet/signal-bad-mac', 'ratchet/signal-bad-key']).toContain(code)
    }
    expect(stored(pair.bob)).toEqual(before)
    expect(open(pair, 'bob', letter)).toEqual(Uint8Array.of(7))
  })

  it('hostile 12, attack: small-order and non-canonical ratchet keys are refused', () => {
    const pair = newPair()
    const letter = send(pair, 'alice')
    const zero = new Uint8Array(32)
    const above = new Uint8Array(32).fill(0xff)
    for (const ratchetKey of [zero, flipped(zero, 0), above]) {
      expect(refusal(pair.bob, forged(letter, { ratchetKey }))).toBe('ratchet/signal-bad-key')
    }
  })

  it('hostile 20, attack: PQ field stripped, bumped, stalled in place of the true one, taken from elsewhere: refused', () => {
    const pair = newPair()
    const [letter, later] = [send(pair, 'alice'), send(pair, 'alice')]
    const { pqMessage } = decodeMessage(letter.message)
    const refused = (pq: Uint8Array | null) => refusal(pair.bob, forged(letter, { pq }))
    expect(refused(null)).toBe('ratchet/signal-no-post-quantum')
    expect(refused(new Uint8Array(0))).toBe('ratchet/signal-no-post-quantum')
    for (const version of [0, 2, 255]) {
      const bumped = concatBytes(Uint8Array.of(version), pqMessage.subarray(1))
      expect(refused(bumped)).toBe('ratchet/signal-unsupported-version')
    }
    // A stalled exchange in place of the true one: same epoch and index, type none.
    expect(refused(concatBytes(pqMessage.subarray(0, 3), Uint8Array.of(0)))).toBe('ratchet/signal-bad-mac')
    expect(refused(decodeMessage(later.message).pqMessage)).toBe('ratchet/signal-bad-mac')
    expect(open(pair, 'bob', letter)).toEqual(Uint8Array.of(7))
  })

  it('hostile 20: versions 3 and 5 are refused', () => {
    const pair = newPair()
    const { message } = send(pair, 'alice')
    for (const version of [0x33, 0x34, 0x43, 0x54, 0x55]) {
      const changed = concatBytes(Uint8Array.of(version), message.subarray(1))
      expect(refusal(pair.bob, changed)).toBe('ratchet/signal-unsupported-version')
    }
  })

  it('attack: one’s own message reflected does not open', () => {
    const pair = newPair()
    pass(pair, 'alice')
    const { message } = send(pair, 'alice')
    expect(refusal(pair.alice, message)).toBe('ratchet/signal-bad-mac')
  })

  it('a message of another session does not open', () => {
    const [one, two] = [newPair(), newPair()]
    expect(REFUSALS).toContain(refusal(two.bob, send(one, 'alice').message))
  })
})

describe('repeated messages', () => {
  it('hostile 8: open once, in order or late, also after a restart, and leave no key behind', () => {
    const pair = newPair()
    const letters = Array.from({ length: 6 }, () => send(pair, 'alice'))
    const order = [3, 0, 5, 1, 4, 2]
    for (const [i, at] of order.entries()) {
      const { message } = read(pair, letters[at])
      expect(refusal(pair.bob, message)).toBe('ratchet/signal-duplicate')
      pair.bob = decodeSignalSession(crypto, stored(pair.bob))
      for (const seen of order.slice(0, i + 1)) {
        expect(refusal(pair.bob, letters[seen]?.message ?? message)).toBe('ratchet/signal-duplicate')
      }
    }
    const { receiving, pq } = coreOf(pair.bob)
    expect(receiving.map(({ skipped }) => skipped.length)).toEqual(receiving.map(() => 0))
    expect(pq.chains.epochs.map(({ skipped }) => skipped.length)).toEqual(pq.chains.epochs.map(() => 0))
  })
})

describe('floods', () => {
  it('hostile 11, attack: many chains × maximum skip: kept seeds and keys stay bounded', () => {
    const pair = newPair()
    for (let chain = 0; chain < 8; chain++) {
      for (const jump of [1100, 1000]) {
        for (let lost = 0; lost < jump; lost++) send(pair, 'alice')
        pass(pair, 'alice')
      }
      pass(pair, 'bob')
    }
    const { receiving, pq } = coreOf(pair.bob)
    expect(receiving.length).toBe(5)
    expect(receiving.map(({ skipped }) => skipped.length)).toEqual([2000, 2000, 2000, 2000, 2000])
    for (const { skipped } of pq.chains.epochs) expect(skipped.length).toBeLessThanOrEqual(2000)
    // The oldest seeds went first.
    expect(receiving.map(({ skipped }) => skipped[0]?.counter)).toEqual([100, 100, 100, 100, 100])
    expect(stored(pair.bob).length).toBeLessThan(500_000)
  })

  it('a message of the sixth chain back is too late, one of the fifth is not', () => {
    const pair = newPair()
    const letters: SignalEncrypted[] = []
    for (let chain = 0; chain < 6; chain++) {
      letters.push(send(pair, 'alice'))
      pass(pair, 'alice')
      pass(pair, 'bob')
    }
    const [sixth, fifth] = letters as [SignalEncrypted, SignalEncrypted]
    expect(REFUSALS).toContain(refusal(pair.bob, sixth.message))
    expect(open(pair, 'bob', fifth)).toEqual(Uint8Array.of(7))
  })
})

describe('protobuf', () => {
  const pair = newPair()
  const { message } = send(pair, 'alice')
  const [body, mac] = [message.subarray(1, -8), message.subarray(-8)]
  const wire = (...parts: Uint8Array[]) => concatBytes(Uint8Array.of(0x44), ...parts, mac)
  const code = (...parts: Uint8Array[]) => refusal(pair.bob, wire(...parts))

  it('hostile 2: a length of 2³⁰ is refused', () => {
    expect(code(body, varint(7 * 8 + 2), varint(2 ** 30))).toBe('ratchet/signal-bad-message')
  })

  it('hostile 4: an unknown field is passed over, and still authenticated', () => {
    expect(code(body, ...numberField(9, 1))).toBe('ratchet/signal-bad-mac')
    expect(code(body, ...bytesField(6, new Uint8Array(34)))).toBe('ratchet/signal-bad-mac')
  })

  it('hostile 5: a field twice, field 0 and other wire types are refused', () => {
    expect(code(body, ...numberField(2, 0))).toBe('ratchet/signal-bad-message')
    expect(code(body, varint(2), varint(0))).toBe('ratchet/signal-bad-message')
    for (const type of [1, 3, 4, 5, 6, 7]) {
      expect(code(body, varint(9 * 8 + type), new Uint8Array(8))).toBe('ratchet/signal-bad-message')
    }
  })

  it('numbers must be minimal and of 32 bits, and of the type that is expected', () => {
    expect(code(body, varint(9 * 8), Uint8Array.of(0x81, 0))).toBe('ratchet/signal-bad-message')
    expect(code(body, varint(9 * 8), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x10))).toBe(
      'ratchet/signal-bad-message',
    )
    expect(code(...bytesField(2, body))).toBe('ratchet/signal-no-post-quantum')
    const typed = [...bytesField(5, body), ...bytesField(4, new Uint8Array(16))]
    expect(code(...typed, ...numberField(1, 1))).toBe('ratchet/signal-bad-message')
  })

  it('a ciphertext that is not whole blocks is refused by its length', () => {
    const header = [...bytesField(1, encodeEcKey(crypto.x25519.generate().publicKey)), ...numberField(2, 0)]
    const pq = bytesField(5, decodeMessage(message).pqMessage)
    for (const length of [0, 1, 15, 17, 31]) {
      const ciphertext = bytesField(4, new Uint8Array(length))
      expect(code(...header, ...ciphertext, ...pq)).toBe('ratchet/signal-bad-message')
    }
    expect(code(...header, ...bytesField(4, new Uint8Array(16)), ...pq)).toMatch(
      /signal-(bad-mac|duplicate)$/,
    )
  })

  it('more fields than any message has are refused', () => {
    const many = Array.from({ length: 80 }, (_, i) => numberField(100 + i, 1)).flat()
    expect(code(...many)).toBe('ratchet/signal-bad-message')
  })

  it('hostile 2: a message above the size limit is refused for its size, though its fields are well formed', () => {
    const filler = (length: number) => bytesField(9, new Uint8Array(length))
    const whole = wire(body, ...filler(SIGNAL_MAX_MESSAGE_BYTES - message.length - 4))
    expect(whole.length).toBe(SIGNAL_MAX_MESSAGE_BYTES)
    expect(refusal(pair.bob, whole)).toBe('ratchet/signal-bad-mac')
    const above = wire(body, ...filler(SIGNAL_MAX_MESSAGE_BYTES - message.length - 3))
    expect(refusal(pair.bob, above)).toBe('ratchet/signal-bad-message')
    expect(codeOf(() => decodePrekeyMessage(above))).toBe('ratchet/signal-bad-message')
  })
})
