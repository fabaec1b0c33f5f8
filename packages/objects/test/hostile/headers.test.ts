// Descriptions from strangers: one encoding, one owner, and no size before it is checked.
import { isHyphaeError } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  createObject,
  type Description,
  MAX_OBJECT_BYTES,
  openDescription,
  openObject,
} from '@hyphae/objects'
import { encodeRecords, readRecords } from '@hyphae/tlv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openNode } from '../support/nodes.js'
import { pattern } from '../support/world.js'

const owner = crypto.ed25519.generate()
const version = { name: Uint8Array.of(1), sequence: 7 }
const plain = createObject(crypto, { payload: pattern(9000), created: 5, minBandwidthBps: 9 })
const signed = createObject(crypto, { payload: pattern(9000), created: 5, owner, version })

function codeOf(bytes: Uint8Array): string {
  try {
    openDescription(crypto, bytes)
    return 'accepted'
  } catch (error) {
    if (!isHyphaeError(error)) throw error
    return error.code
  }
}

/** The header with the value of one record changed, or one more record. */
function changed(header: Uint8Array, type: number, value: Uint8Array | undefined): Uint8Array {
  const others = readRecords(header).filter((record) => record.type !== type)
  const all = value === undefined ? others : [...others, { type, value }]
  return encodeRecords(all.sort((a, b) => a.type - b.type))
}

describe('hostile 1: a description', () => {
  it('is refused at every prefix, with a byte behind it, and with any bit of a signed one changed', () => {
    for (const { headerBytes } of [plain, signed])
      for (let length = 0; length < headerBytes.length; length++)
        expect(codeOf(headerBytes.subarray(0, length))).toMatch(/^objects\/bad/)
    expect(codeOf(Uint8Array.of(...plain.headerBytes, 0))).toBe('objects/bad-header')
    for (let bit = 0; bit < signed.headerBytes.length * 8; bit++) {
      const flipped = signed.headerBytes.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(codeOf(flipped)).toMatch(/^objects\/bad/)
    }
  })

  it('of any bytes is read or refused, and what is read has another hash when it is other bytes', () => {
    const mutated = fc
      .tuple(fc.nat(plain.headerBytes.length - 1), fc.nat(255))
      .map(([at, byte]) => plain.headerBytes.map((old, i) => (i === at ? byte : old)))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), mutated), (bytes) => {
        let read: Description
        try {
          read = openDescription(crypto, bytes)
        } catch (error) {
          expect(isHyphaeError(error)).toBe(true)
          return
        }
        const same = bytes.every((byte, i) => byte === plain.headerBytes[i])
        expect(read.hash.every((byte, i) => byte === plain.hash[i])).toBe(same)
      }),
    )
  })

  it.each([
    ['a type of its own', 1, Uint8Array.of(4)],
    ['no life', 3, new Uint8Array(4)],
    ['a life of years', 3, Uint8Array.of(0, 0, 0, 255)],
    ['a priority of its own', 5, Uint8Array.of(0)],
    ['a bandwidth of zero', 6, new Uint8Array(4)],
    ['more bandwidth than there is', 6, new Uint8Array(4).fill(255)],
    ['an owner who did not sign', 9, owner.publicKey],
    ['a name without an owner', 10, Uint8Array.of(1)],
    ['a critical record from the future', 77, Uint8Array.of(1)],
    ['no root', 7, undefined],
    ['a time beyond numbers', 2, new Uint8Array(8).fill(255)],
  ])('with %s is refused', (_what, type, value) => {
    expect(codeOf(changed(plain.headerBytes, type, value))).toBe('objects/bad-header')
  })

  it('hostile 4: with a record that need not be understood is taken, and has its own hash', () => {
    const more = changed(plain.headerBytes, 200, Uint8Array.of(1))
    expect(codeOf(more)).toBe('accepted')
    expect(openDescription(crypto, more).hash).not.toEqual(plain.hash)
  })

  it('hostile 13: signed by another key, or with its signature taken away, is refused', () => {
    const other = createObject(crypto, {
      payload: pattern(9000),
      created: 5,
      owner: crypto.ed25519.generate(),
      version,
    })
    const signature = readRecords(other.headerBytes).at(-1)?.value
    expect(codeOf(changed(signed.headerBytes, 254, signature))).toBe('objects/bad-signature')
    expect(codeOf(changed(signed.headerBytes, 254, undefined))).toBe('objects/bad-header')
  })
})

it('hostile 2: a size beyond the limit is refused; the largest one costs a bitmap until blocks come', async () => {
  for (const size of [MAX_OBJECT_BYTES + 1, 2 ** 30, 2 ** 32 - 1]) {
    const claim = new Uint8Array(4)
    new DataView(claim.buffer).setUint32(0, size, true)
    expect(codeOf(changed(plain.headerBytes, 4, claim))).toBe('objects/bad-header')
  }
  expect(() => openObject(crypto, plain.headerBytes, pattern(8999))).toThrow(/not the one/)
  const { exchange, store } = await openNode()
  expect(exchange.list()).toEqual([])
  expect(await store.list(['object'])).toEqual([])
})
