import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { checkPin, decodePin, encodePin, identityRecordHash, keepPin, type Pin } from '../src/index.js'
import { codeOf, flipBit, NOW, party, recordOf } from './support.js'

const alice = party(crypto)
const first = recordOf(crypto, alice)
const second = recordOf(crypto, alice, { sequence: 2 })

const pinOf = (record = first): Pin => checkPin(crypto, undefined, record, { now: NOW }).pin

describe('pin', () => {
  it('is made of the first record', () => {
    const { verdict, pin } = checkPin(crypto, undefined, first, { now: NOW, handle: 'ALICE@example.com' })
    expect(verdict).toBe('new')
    expect(pin).toEqual({
      account: alice.account.signing.publicKey,
      sequence: 1,
      record: identityRecordHash(crypto, first),
      handle: 'alice@example.com',
      firstSeen: NOW,
      approved: true,
    })
  })

  it('moves on with the sequence and never back', () => {
    const pin = pinOf()
    expect(checkPin(crypto, pin, first, { now: NOW + 1 })).toEqual({ verdict: 'same', pin })
    const newer = checkPin(crypto, pin, second, { now: NOW + 1 })
    expect(newer).toEqual({
      verdict: 'newer',
      pin: { ...pin, sequence: 2, record: identityRecordHash(crypto, second) },
    })
    expect(checkPin(crypto, newer.pin, first, { now: NOW + 2 })).toEqual({ verdict: 'stale', pin: newer.pin })
  })

  it('does not follow two records with one sequence', () => {
    const pin = pinOf()
    const twin = recordOf(crypto, alice, { relays: ['wss://elsewhere.example'] })
    expect(checkPin(crypto, pin, twin, { now: NOW })).toEqual({ verdict: 'stale', pin })
  })

  it('is for the handle it was made for, which the record must claim', () => {
    const named = checkPin(crypto, undefined, first, { now: NOW, handle: 'alice@example.com' }).pin
    expect(checkPin(crypto, named, first, { now: NOW, handle: 'Alice@example.com' }).verdict).toBe('same')
    expect(codeOf(() => checkPin(crypto, named, first, { now: NOW }))).toBe('identity/pin-mismatch')
    const two = recordOf(crypto, alice, { sequence: 3, handles: ['alice@example.com', 'al@example.com'] })
    expect(codeOf(() => checkPin(crypto, named, two, { now: NOW, handle: 'al@example.com' }))).toBe(
      'identity/pin-mismatch',
    )
    for (const pin of [undefined, named])
      expect(codeOf(() => checkPin(crypto, pin, first, { now: NOW, handle: 'bob@example.com' }))).toBe(
        'identity/handle-not-claimed',
      )
    expect(codeOf(() => checkPin(crypto, undefined, first, { now: NOW, handle: 'bob' }))).toBe(
      'identity/bad-handle',
    )
  })
})

describe('stored pin', () => {
  const blocked = checkPin(crypto, pinOf(), recordOf(crypto, party(crypto)), { now: NOW }).pin
  const named = checkPin(crypto, undefined, first, { now: NOW, handle: 'alice@example.com' }).pin

  it('comes back', () => {
    for (const pin of [pinOf(), named, blocked]) expect(decodePin(encodePin(pin))).toEqual(pin)
  })

  it('is not unblocked by halves', () => {
    const half: readonly Pin[] = [
      { ...pinOf(), approved: false },
      { ...blocked, approved: true },
    ]
    for (const pin of half) expect(codeOf(() => decodePin(encodePin(pin)))).toBe('identity/bad-pin')
    expect(keepPin(blocked)).toEqual(pinOf())
  })

  it('hostile 33: is never another pin’s bytes with a flipped bit taken for the same pin', () => {
    for (const pin of [named, blocked]) {
      const bytes = encodePin(pin)
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        const flipped = flipBit(bytes, bit)
        let decoded: Pin | undefined
        const code = codeOf(() => {
          decoded = decodePin(flipped)
        })
        if (code === 'no error') expect(encodePin(decoded as Pin)).toEqual(flipped)
      }
      for (let length = 0; length < bytes.length; length++)
        expect(codeOf(() => decodePin(bytes.subarray(0, length)))).not.toBe('no error')
    }
  })
})
