/**
 * Hostile case 51: whoever cannot make an authentic message learns one thing, that it was refused. Which of the secret
 * checks failed shows neither in the code nor in the text, the details or the cause of an error.
 */
import { concatBytes } from '@hyphae/core'
import { cbc } from '@noble/ciphers/aes.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AcceptOptions,
  acceptSession,
  decryptFrame,
  initiateSession,
  type PostQuantum,
  type SessionState,
} from '../../src/index.js'
import { postQuantum } from '../../src/pq.js'
import { chainStep, messageKeys } from '../../src/signal/kdf.js'
import { decodeMessage } from '../../src/signal/message.js'
import { pqSend } from '../../src/signal/pq/ratchet.js'
import { bytesField, numberField } from '../../src/signal/protobuf.js'
import { encodeEcKey } from '../../src/signal/public-key.js'
import { coreOf } from '../../src/signal/session.js'
import { decryptSignal } from '../../src/signal.js'
import { newPair as signalPair, pass as signalPass, send as signalSend } from '../signal/support.js'
import {
  crypto,
  device,
  NOW,
  newPqPair,
  type Pair,
  publish,
  send,
  sendMany,
  talk,
  talkedPair,
  unchanged,
  verified,
} from '../support.js'

/** Everything that an error tells, but for where it was thrown. */
function told(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    const { name, message, code, details, cause, retryable } = error as Error & Record<string, unknown>
    return JSON.stringify({
      name,
      message,
      code,
      details,
      cause: cause === undefined ? null : String(cause),
      retryable,
    })
  }
  return 'nothing'
}

const edits = (from: number, to: number): fc.Arbitrary<[number, number][]> =>
  fc.array(fc.tuple(fc.integer({ min: from, max: to - 1 }), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 8,
  })

/** `bytes` with each edit's value added to its place, which may bring it back: then it is no forgery. */
function edited(bytes: Uint8Array, list: readonly [number, number][]): Uint8Array | null {
  const copy = Uint8Array.from(bytes)
  for (const [at, value] of list) copy[at] = (copy[at] as number) ^ value
  return copy.every((byte, i) => byte === bytes[i]) ? null : copy
}

const SUITES = [
  ['suite 1', undefined],
  ['suite 2', postQuantum],
] as const

describe.each(SUITES)('hostile 51: one answer to every forged handshake, %s', (_, pq?: PostQuantum) => {
  const [alice, mallory] = [device(), device()]
  const bob = publish(device(), 2, crypto, pq)
  const bundle = verified(bob)
  const context = new Uint8Array(40)
  const begin = (from = alice): Uint8Array =>
    initiateSession(crypto, { keys: from.keys, bundle, now: NOW, context, ...(pq && { pq }) }).handshake
  const handshake = begin()
  const answer = (changes: Partial<AcceptOptions>): string => {
    const { owner, prekeys } = bob
    const options = { keys: owner.keys, prekeys, handshake, peer: alice.peer, now: NOW }
    return told(() => acceptSession(crypto, { ...options, ...changes }))
  }
  const refusal = answer({ handshake: begin(mallory) })

  it('is the same for a wrong key, a wrong peer, a wrong recipient, and each part that a secret covers', () => {
    expect(JSON.parse(refusal)).toMatchObject({ code: 'ratchet/handshake-rejected', cause: null })
    const { owner, prekeys } = bob
    const strangers = [
      { keys: { ...owner.keys, agreement: mallory.keys.agreement } },
      { keys: { ...owner.keys, signing: mallory.keys.signing } },
      { peer: mallory.peer },
      { prekeys: { ...prekeys, signed: prekeys.signed.map((one) => ({ ...one, bundleHash: context })) } },
    ]
    const lastResort = publish(owner, 1, crypto, pq)
    expect(answer({ prekeys: { ...lastResort.prekeys, oneTime: prekeys.oneTime } })).toBe(refusal)
    for (const changes of strangers.slice(0, 3)) expect(answer(changes)).toBe(refusal)
    const other = publish(owner, 2, crypto, pq)
    // The same ids, other private keys: each of the DH outputs and the KEM secret is wrong.
    expect(answer({ prekeys: other.prekeys })).toBe(refusal)
    expect(answer({})).toBe('nothing')
  })

  it('is the same for any change of the keys, the ciphertext, the context and the confirmation', () => {
    const end = handshake.length
    const lengthAt = end - 32 - context.length - 2
    // Behind ids and lengths, which are public: base key, ratchet key, KEM ciphertext, context, confirmation.
    const ranges: [number, number][] = [
      [lengthAt + 2, end],
      ...(pq === undefined ? [] : ([[82, lengthAt]] as [number, number][])),
    ]
    const change = fc.oneof(...ranges.map(([from, to]) => edits(from, to)))
    fc.assert(
      fc.property(change, (list) => {
        const forged = edited(handshake, list)
        if (forged !== null) expect(answer({ handshake: forged })).toBe(refusal)
      }),
      { numRuns: 150 },
    )
    for (const at of [12, 44]) {
      const forged = Uint8Array.from(handshake)
      forged.set(mallory.peer.agreement, at)
      expect(answer({ handshake: forged })).toBe(refusal)
    }
  })
})

describe.each([
  ['suite 1', talkedPair],
  ['suite 2', newPqPair],
] as const)('hostile 51: one answer to every forged frame, %s', (_, make) => {
  /** Bob expects the next of a chain, the first of another, and one that is late. */
  function scene(): { bob: SessionState; frames: Uint8Array[] } {
    const pair: Pair = make()
    talk(pair, 'alice', 'one')
    talk(pair, 'bob', 'two')
    const [late, , current] = [...sendMany(pair, 'alice', 2), new Uint8Array(0)]
    if (late === undefined || current === undefined) throw new Error('no frames')
    const [first, second] = [send(pair, 'alice', 'late'), send(pair, 'alice', 'in time')]
    const opened = decryptFrame(crypto, pair.bob, second)
    if (opened === null) throw new Error('it must open')
    const turned: Pair = { alice: pair.alice, bob: opened.session }
    const next = send(turned, 'alice', 'next')
    const answer = send(turned, 'bob', 'turn')
    const read = decryptFrame(crypto, turned.alice, answer)
    if (read === null) throw new Error('it must open')
    const after: Pair = { alice: read.session, bob: turned.bob }
    return { bob: turned.bob, frames: [first, next, send(after, 'alice', 'of a new chain', 512)] }
  }

  it('is null, and the state stays, whatever was changed: header, body, padding or tag, by whoever has no key', () => {
    const { bob, frames } = scene()
    for (const frame of frames) {
      expect(decryptFrame(crypto, bob, frame)).not.toBeNull()
      fc.assert(
        fc.property(edits(0, frame.length), (list) => {
          const forged = edited(frame, list)
          if (forged !== null) expect(unchanged(bob, () => decryptFrame(crypto, bob, forged))).toBeNull()
        }),
        { numRuns: 300 },
      )
    }
  })
})

describe('hostile 51: one answer to every message that is not authentic, Signal wire', () => {
  it('is the same for any change of ciphertext and MAC, and for wrong padding under the right MAC', () => {
    const pair = signalPair()
    signalPass(pair, 'alice')
    const core = coreOf(pair.alice)
    const { message } = signalSend(pair, 'alice', new Uint8Array(100))
    const refusal = told(() =>
      decryptSignal(crypto, pair.bob, edited(message, [[message.length - 1, 1]]) ?? message),
    )
    expect(JSON.parse(refusal)).toMatchObject({ code: 'ratchet/signal-bad-mac', cause: null })
    const { ciphertext } = decodeMessage(message)
    const at = Buffer.from(message).indexOf(Buffer.from(ciphertext))
    const change = fc.oneof(edits(at, at + ciphertext.length), edits(message.length - 8, message.length))
    fc.assert(
      fc.property(change, (list) => {
        const forged = edited(message, list)
        if (forged !== null) expect(told(() => decryptSignal(crypto, pair.bob, forged))).toBe(refusal)
      }),
      { numRuns: 200 },
    )
    // What only Alice could make: a MAC that holds over blocks whose padding does not.
    for (const last of [0, 17, 255]) {
      const { seed } = chainStep(crypto, core.sending.chainKey)
      const { message: pqMessage, key } = pqSend(crypto, core.pq)
      const keys = messageKeys(crypto, seed, key)
      const blocks = new Uint8Array(32).fill(last, 31)
      const unpadded = cbc(keys.cipherKey, keys.iv, { disablePadding: true }).encrypt(blocks)
      const authenticated = concatBytes(
        Uint8Array.of(0x44),
        ...bytesField(1, encodeEcKey(core.sending.ratchetKey.publicKey)),
        ...numberField(2, core.sending.counter),
        ...numberField(3, core.sending.previousCounter),
        ...bytesField(4, unpadded),
        ...bytesField(5, pqMessage),
      )
      const parties = concatBytes(encodeEcKey(core.local), encodeEcKey(core.peer))
      const mac = crypto.hmacSha256(keys.macKey, concatBytes(parties, authenticated)).slice(0, 8)
      expect(told(() => decryptSignal(crypto, pair.bob, concatBytes(authenticated, mac)))).toBe(refusal)
    }
    expect(decryptSignal(crypto, pair.bob, message).plaintext).toEqual(new Uint8Array(100))
  })
})
