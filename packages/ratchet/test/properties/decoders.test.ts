/** What any bytes, and any mutation of good bytes, do to the decoders. */
import { isHyphaeError } from '@hyphae/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodePrekeyBundle,
  decodePrekeyState,
  decodeSession,
  encodePrekeyState,
  encodeSession,
  initiateSession,
  verifyPrekeyBundle,
} from '../../src/index.js'
import { decodeHandshake, encodeInitialMessage } from '../../src/initial-message.js'
import {
  crypto,
  device,
  NOW,
  newPair,
  publish,
  receive,
  sendMany,
  talk,
  talkedPair,
  verified,
} from '../support.js'

/** Good bytes with a few bytes replaced, cut or added. */
function mutations(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 })
  return fc
    .tuple(edits, fc.nat({ max: good.length }), fc.uint8Array({ maxLength: 4 }))
    .map(([list, cut, tail]) => {
      const copy = Uint8Array.from(good)
      for (const [at, value] of list) copy[at] = value
      return cut % 3 === 0 ? Uint8Array.from([...copy.subarray(0, cut), ...tail]) : copy
    })
}

const anyBytes = (good: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.oneof(fc.uint8Array({ maxLength: 500 }), mutations(good))

/** The value, or null after a typed error; any other error fails the test. */
function typed<T>(attempt: () => T): T | null {
  try {
    return attempt()
  } catch (error) {
    if (isHyphaeError(error) && error.code.startsWith('ratchet/')) return null
    throw error
  }
}

function fullState(): Uint8Array {
  const pair = talkedPair()
  const frames = sendMany(pair, 'alice', 3)
  receive(pair, 'bob', frames[2] as Uint8Array)
  talk(pair, 'bob', 'turn')
  return encodeSession(pair.bob)
}

describe('decoders', () => {
  for (const [name, good] of [
    ['fresh', encodeSession(newPair().alice)],
    ['full', fullState()],
  ] as const) {
    it(`a ${name} session snapshot is canonical and refused only with typed errors`, () => {
      fc.assert(
        fc.property(anyBytes(good), (bytes) => {
          const session = typed(() => decodeSession(crypto, bytes))
          if (session !== null) expect(encodeSession(session)).toEqual(bytes)
        }),
        { numRuns: 1000, examples: [[good]] },
      )
    })
  }

  it('a prekey snapshot is canonical and refused only with typed errors', () => {
    const good = encodePrekeyState(crypto, publish(device(), 3).prekeys)
    fc.assert(
      fc.property(anyBytes(good), (bytes) => {
        const state = typed(() => decodePrekeyState(crypto, bytes))
        if (state !== null) expect(encodePrekeyState(crypto, state)).toEqual(bytes)
      }),
      { numRuns: 1000, examples: [[good]] },
    )
  })

  it('a handshake is canonical and refused only with typed errors', () => {
    const { handshake: good } = initiateSession(crypto, {
      keys: device().keys,
      bundle: verified(publish(device())),
      now: NOW,
      context: Buffer.from('context'),
    })
    fc.assert(
      fc.property(anyBytes(good), (bytes) => {
        const read = typed(() => decodeHandshake(bytes))
        if (read === null) return
        expect(encodeInitialMessage(read.message)).toEqual(read.unconfirmed)
        expect(Uint8Array.from([...read.unconfirmed, ...read.confirmation])).toEqual(bytes)
      }),
      { numRuns: 1000, examples: [[good]] },
    )
  })

  it('a bundle verifies only as it was published', () => {
    const { owner, bundles } = publish(device())
    const good = bundles[0] as Uint8Array
    fc.assert(
      fc.property(anyBytes(good), (bytes) => {
        const bundle = typed(() => verifyPrekeyBundle(crypto, decodePrekeyBundle(bytes), owner.peer.signing))
        if (bundle !== null) expect(bytes).toEqual(good)
      }),
      { numRuns: 1000, examples: [[good]] },
    )
  })
})
