/** Stored rows: decoders accept exactly what encoders write (spec/session.md, "Rows"): hostile 33, 53. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generateOneTimePrekeys } from '../../src/index.js'
import { postQuantum } from '../../src/pq.js'
import { decodeMeta, encodeMeta } from '../../src/sessions/meta-row.js'
import { decodeOneTime, encodeOneTime } from '../../src/sessions/one-time-row.js'
import { decodePeer, encodePeer } from '../../src/sessions/peer-row.js'
import { decodeRow, encodeRow } from '../../src/sessions/session-row.js'
import { codeOf, crypto, device, newPqPair, publish, talkedPair } from '../support.js'

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
const u8 = fc.nat({ max: 255 })
const time = fc.nat({ max: 2 ** 48 - 1 })
const id = bytes(16).map((value) => Buffer.from(value).toString('hex'))

interface Codec {
  readonly name: string
  readonly encoded: fc.Arbitrary<Uint8Array>
  readonly again: (stored: Uint8Array) => Uint8Array
}

const head = fc.record({
  born: time,
  archivedAt: time,
  heardAt: time,
  unanswered: u8,
  unansweredAt: time,
})
const sessions = [talkedPair().alice, talkedPair().bob, newPqPair().alice, newPqPair().bob]
const oneTime = [undefined, postQuantum].flatMap((pq) => {
  const { prekeys } = publish(device(), 1, crypto, pq)
  return generateOneTimePrekeys(crypto, device().keys, prekeys, 2).state.oneTime
})

const codecs: readonly Codec[] = [
  {
    name: 'meta',
    encoded: fc
      .record({ floor: time, more: time, writer: bytes(16), witnessed: fc.boolean() })
      .filter(({ floor, more }) => floor + more < 2 ** 48)
      .map(({ floor, more, writer, witnessed }) =>
        encodeMeta({ generation: floor + more, floor, writer, witnessed }),
      ),
    again: (stored) => encodeMeta(decodeMeta(stored)),
  },
  {
    name: 'peer',
    encoded: fc
      .record({
        pin: fc.record({ signing: bytes(32), agreement: bytes(32) }),
        current: fc.option(id),
        elsewhere: u8,
        begun: u8,
        begunAt: time,
        accepted: u8,
        acceptedAt: time,
      })
      .map(encodePeer),
    again: (stored) => encodePeer(decodePeer(stored)),
  },
  {
    name: 'session',
    encoded: fc
      .tuple(head, fc.constantFrom(...sessions))
      .map(([row, session]) => encodeRow({ ...row, session })),
    again: (stored) => encodeRow(decodeRow(crypto, stored, { pq: postQuantum })),
  },
  {
    name: 'one-time prekey',
    encoded: fc.constantFrom(...oneTime).map((one) => encodeOneTime(crypto, postQuantum, one)),
    again: (stored) => encodeOneTime(crypto, postQuantum, decodeOneTime(crypto, postQuantum, 1, stored)),
  },
]

describe.each(codecs)('a stored $name', ({ encoded, again }) => {
  it('comes back byte for byte', () => {
    fc.assert(
      fc.property(encoded, (stored) => {
        expect(again(stored)).toEqual(stored)
      }),
    )
  })

  it('is refused when it is cut or has more', () => {
    fc.assert(
      fc.property(encoded, fc.nat(), (stored, at) => {
        expect(codeOf(() => again(stored.slice(0, at % stored.length)))).toMatch(/^ratchet\//)
        expect(codeOf(() => again(Uint8Array.from([...stored, 0])))).toBe('ratchet/bad-snapshot')
      }),
    )
  })

  it('hostile 33: with any bit flipped is refused, or is another row written the one way', () => {
    fc.assert(
      fc.property(encoded, fc.nat(), (stored, bit) => {
        const flipped = Uint8Array.from(stored)
        const at = bit % (8 * stored.length)
        flipped[at >> 3] = (flipped[at >> 3] as number) ^ (1 << (at & 7))
        try {
          const written = again(flipped)
          // X25519 ignores some bits of a private key, and importing may set them.
          expect(written.length).toBe(flipped.length)
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^ratchet\//)
        }
      }),
    )
  })
})

it('a row of a version to come is refused whole', () => {
  const later = Uint8Array.from([2, ...new Uint8Array(29)])
  for (const decode of [
    decodeMeta,
    decodePeer,
    (stored: Uint8Array) => decodeRow(crypto, stored, {}),
    (stored: Uint8Array) => decodeOneTime(crypto, null, 1, stored),
  ]) {
    expect(codeOf(() => decode(later))).toBe('ratchet/unsupported-version')
  }
})

it('a post-quantum prekey is refused by a program without post-quantum code', () => {
  const stored = encodeOneTime(crypto, postQuantum, oneTime[oneTime.length - 1] as (typeof oneTime)[0])
  expect(codeOf(() => decodeOneTime(crypto, null, 1, stored))).toBe('ratchet/unsupported-version')
})
