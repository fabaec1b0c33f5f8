/** Ours against ours: traffic as networks make it, and what a session promises about it. */
import { equalBytes, utf8 } from '@hyphae/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeSignalSession,
  decryptSignal,
  encryptSignal,
  initiateSignalSession,
  SIGNAL_MAX_PLAINTEXT_BYTES,
  type SignalEncrypted,
  verifySignalBundle,
} from '../../src/signal.js'
import {
  accept,
  begin,
  codeOf,
  crypto,
  type End,
  newPair,
  open,
  other,
  type Pair,
  pass,
  responder,
  send,
  stored,
} from './support.js'

describe('beginning', () => {
  it('takes a bundle, and the first message makes the session at the other end', () => {
    const begun = begin()
    const sent = encryptSignal(crypto, begun.session, utf8('hello'))
    expect([sent.kind, begun.session.unacknowledged]).toEqual(['prekey', true])
    const { plaintext, used, session } = accept(begun, sent.message)
    expect(plaintext).toEqual(utf8('hello'))
    expect([used.registrationId, used.prekeyId, used.signedPrekeyId, used.kyberPrekeyId]).toEqual([
      9, 3, 1, 2,
    ])
    expect(session.peer).toEqual(begun.alice.publicKey)
    expect(session.baseKey).toEqual(begun.session.baseKey)
    expect(session.unacknowledged).toBe(false)
  })

  it('works without a one-time prekey, and says so', () => {
    const bob = responder()
    const { prekey: _, ...bundle } = bob.bundle
    const alice = crypto.x25519.generate()
    const verified = verifySignalBundle(crypto, bundle, bob.identity.publicKey)
    const session = initiateSignalSession(crypto, { identity: alice, registrationId: 9, bundle: verified })
    const sent = encryptSignal(crypto, session, utf8('hello'))
    const accepted = accept({ alice, bob, session }, sent.message)
    expect([accepted.plaintext, accepted.used.prekeyId]).toEqual([utf8('hello'), undefined])
  })

  it('repeats the handshake until it is answered, and the repetitions open in the session', () => {
    const begun = begin()
    const pair: Pair = { alice: begun.session, bob: begun.session }
    const letters = [1, 2, 3].map((n) => send(pair, 'alice', Uint8Array.of(n)))
    expect(letters.map(({ kind }) => kind)).toEqual(['prekey', 'prekey', 'prekey'])
    const [one, two, three] = letters as [SignalEncrypted, SignalEncrypted, SignalEncrypted]
    // The second one comes first: any of them begins the session.
    pair.bob = accept(begun, two.message).session
    expect(open(pair, 'bob', three)).toEqual(Uint8Array.of(3))
    expect(open(pair, 'bob', one)).toEqual(Uint8Array.of(1))
    pass(pair, 'bob')
    expect([pair.alice.unacknowledged, send(pair, 'alice').kind]).toEqual([false, 'message'])
  })
})

describe('going on', () => {
  it('carries plaintexts of every length up to the limit', () => {
    const pair = newPair()
    for (const length of [0, 1, 15, 16, 17, 1000, SIGNAL_MAX_PLAINTEXT_BYTES]) {
      const body = new Uint8Array(length).map((_, i) => i * 7)
      expect(equalBytes(open(pair, 'bob', send(pair, 'alice', body)), body)).toBe(true)
    }
    const tooLong = new Uint8Array(SIGNAL_MAX_PLAINTEXT_BYTES + 1)
    expect(codeOf(() => send(pair, 'alice', tooLong))).toBe('ratchet/signal-bad-argument')
  })

  it('completes a post-quantum exchange about every 45 round trips', () => {
    const pair = newPair()
    for (let i = 0; i < 200; i++) {
      pass(pair, 'alice')
      pass(pair, 'bob')
    }
    expect(pair.alice.pqEpoch).toBeGreaterThanOrEqual(4)
    expect(Math.abs(pair.alice.pqEpoch - pair.bob.pqEpoch)).toBeLessThanOrEqual(1)
  })

  it('attack: PQ stalled: makes no progress with one side silent, and still carries messages', () => {
    const pair = newPair()
    for (let i = 0; i < 300; i++) pass(pair, 'alice')
    expect(pair.bob.pqEpoch).toBe(0)
    pass(pair, 'bob')
  })

  it('hostile 9: every letter that arrives opens once, whatever is lost, late or repeated', () => {
    const event = fc.record({ from: fc.boolean(), fate: fc.nat({ max: 19 }), pick: fc.nat({ max: 3 }) })
    fc.assert(
      fc.property(fc.array(event, { minLength: 100, maxLength: 300 }), (events) => {
        const pair = newPair()
        const lanes: Record<End, SignalEncrypted[]> = { alice: [], bob: [] }
        let n = 0
        for (const { from, fate, pick } of events) {
          const end: End = from ? 'alice' : 'bob'
          const letter = send(pair, end, Uint8Array.of(n >> 8, n++))
          const lane = lanes[other(end)]
          if (fate > 1) lane.push(letter)
          // The oldest goes first once three wait: nothing is overtaken by a whole chain too many.
          const at = lane.length > 3 ? 0 : pick % Math.max(1, lane.length)
          const [next] = lane.splice(at, 1)
          if (next === undefined) continue
          open(pair, other(end), next)
          if (fate < 4) {
            const before = stored(pair[other(end)])
            expect(codeOf(() => open(pair, other(end), next))).toBe('ratchet/signal-duplicate')
            expect(equalBytes(stored(pair[other(end)]), before)).toBe(true)
          }
        }
        for (const end of ['alice', 'bob'] as const) for (const letter of lanes[end]) open(pair, end, letter)
        for (let i = 0; i < 10; i++) {
          pass(pair, 'alice')
          pass(pair, 'bob')
        }
      }),
      { numRuns: 10 },
    )
  })

  it('lives through storage in each of the eleven states of the exchange', () => {
    const pair = newPair()
    const sizes: number[] = []
    for (let i = 0; i < 120; i++) {
      for (const end of ['alice', 'bob'] as const) {
        const bytes = stored(pair[end])
        pair[end] = decodeSignalSession(crypto, bytes)
        expect(equalBytes(stored(pair[end]), bytes)).toBe(true)
        sizes.push(bytes.length)
        // Losing two of three one way decides whether ct1 or the vector is whole first.
        const letter = send(pair, end)
        if (end === (i < 90 ? 'alice' : 'bob') || i % 3 === 0) open(pair, other(end), letter)
      }
    }
    expect(pair.alice.pqEpoch).toBeGreaterThanOrEqual(1)
    expect(Math.max(...sizes)).toBeLessThan(16_000)
  })

  it('takes Node buffers, which share memory where plain bytes are copied', () => {
    const begun = begin()
    const first = encryptSignal(crypto, begun.session, Buffer.from('hello'))
    const wire = Buffer.from(first.message)
    const accepted = accept(begun, wire)
    wire.fill(0)
    expect(accepted.plaintext).toEqual(utf8('hello'))
    const pair: Pair = { alice: first.session, bob: accepted.session }
    const { message } = send(pair, 'bob')
    const buffer = Buffer.from(message)
    const opened = decryptSignal(crypto, pair.alice, buffer)
    const snapshot = Buffer.from(stored(opened.session))
    pair.alice = decodeSignalSession(crypto, snapshot)
    buffer.fill(0)
    snapshot.fill(0)
    pass(pair, 'alice')
    pass(pair, 'bob')
  })

  it('is immutable: an old state still opens what it could open', () => {
    const pair = newPair()
    const [one, two] = [send(pair, 'alice', Uint8Array.of(1)), send(pair, 'alice', Uint8Array.of(2))]
    const before = pair.bob
    open(pair, 'bob', one)
    const again: Pair = { alice: pair.alice, bob: before }
    expect(open(again, 'bob', one)).toEqual(Uint8Array.of(1))
    expect(open(again, 'bob', two)).toEqual(Uint8Array.of(2))
  })
})
