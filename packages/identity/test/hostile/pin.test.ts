/** Hostile case 18: an identity key is swapped. Blocked until approved; the old pin is kept. */
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import {
  approvePin,
  assertPinned,
  checkPin,
  decodeIdentityRecord,
  encodeIdentityRecord,
  type IdentityRecord,
  keepPin,
  type Pin,
  verifyIdentityRecord,
} from '../../src/index.js'
import { codeOf, NOW, party, recordOf } from '../support.js'

const context = { now: NOW, handle: 'alice@example.com' }
const alice = party(crypto)
const genuine = recordOf(crypto, alice, { sequence: 4 })
const genuineNewer = recordOf(crypto, alice, { sequence: 5 })
/** Claims the same handle with another key and a far higher sequence. */
const swapped = recordOf(crypto, party(crypto), { sequence: 2 ** 40 })
const swappedAgain = recordOf(crypto, party(crypto), { sequence: 1 })

const pinned = checkPin(crypto, undefined, genuine, context).pin
const check = (pin: Pin, record: IdentityRecord): ReturnType<typeof checkPin> =>
  checkPin(crypto, pin, record, context)
/** What a sender asks before sealing and a receiver before showing: the same question. */
const useCode = (pin: Pin, record: IdentityRecord): string => codeOf(() => assertPinned(crypto, pin, record))

describe('hostile 18: identity key swap', () => {
  it('is reported and blocks both keys, for sending and receiving', () => {
    const { verdict, pin } = check(pinned, swapped)
    expect(verdict).toBe('changed')
    expect(useCode(pin, swapped)).toBe('identity/pin-blocked')
    expect(useCode(pin, genuine)).toBe('identity/pin-blocked')
  })

  it('keeps the old pin, unchanged, beside the claim', () => {
    const before = structuredClone(pinned)
    const { pin } = check(pinned, swapped)
    expect(pinned).toEqual(before)
    expect({ ...pin, approved: true, pending: undefined }).toEqual({ ...pinned, pending: undefined })
    expect(pin.pending).toMatchObject({ account: swapped.account, sequence: 2 ** 40 })
  })

  it('stays blocked whatever comes next, until a person decides', () => {
    let { pin } = check(pinned, swapped)
    for (const [record, verdict] of [
      [genuine, 'same'],
      [genuineNewer, 'newer'],
      [genuine, 'stale'],
      [swapped, 'changed'],
      [swappedAgain, 'changed'],
    ] as const) {
      const result = check(pin, record)
      expect(result.verdict).toBe(verdict)
      pin = result.pin
      for (const any of [genuine, genuineNewer, swapped, swappedAgain])
        expect(useCode(pin, any)).toBe('identity/pin-blocked')
    }
    const kept = keepPin(pin)
    expect(useCode(kept, genuineNewer)).toBe('no error')
    expect(useCode(kept, swapped)).toBe('identity/pin-mismatch')
  })

  it('moves to the new key when approved, and treats the old one as a change then', () => {
    const { pin } = check(pinned, swapped)
    const approved = approvePin(crypto, pin, swapped, { now: NOW + 1 })
    expect(approved).toMatchObject({
      account: swapped.account,
      approved: true,
      firstSeen: NOW + 1,
      handle: 'alice@example.com',
    })
    expect(approved.pending).toBeUndefined()
    expect(useCode(approved, swapped)).toBe('no error')
    expect(check(approved, genuineNewer).verdict).toBe('changed')
  })

  it('approves only what was shown', () => {
    const { pin } = check(pinned, swapped)
    for (const other of [swappedAgain, genuine])
      expect(codeOf(() => approvePin(crypto, pin, other, context))).toBe('identity/pin-mismatch')
    expect(codeOf(() => approvePin(crypto, pinned, swapped, context))).toBe('identity/pin-mismatch')
    // Another change arrives while the first is on the screen: what is on the screen can no longer be approved.
    expect(codeOf(() => approvePin(crypto, check(pin, swappedAgain).pin, swapped, context))).toBe(
      'identity/pin-mismatch',
    )
  })

  it('is noticed between check and use', () => {
    const { pin } = check(pinned, genuineNewer)
    expect(useCode(pin, genuineNewer)).toBe('no error')
    for (const put of [genuine, swapped]) expect(useCode(pin, put)).toBe('identity/pin-mismatch')
    const edited = { ...genuineNewer, relays: ['wss://listener.example'] } as IdentityRecord
    expect(useCode(pin, edited)).toBe('identity/pin-mismatch')
    const rekeyed = { ...genuineNewer, devices: swapped.devices } as IdentityRecord
    expect(useCode(pin, rekeyed)).toBe('identity/pin-mismatch')
  })

  it('cannot borrow the pinned account’s name: the signature decides before the pin', () => {
    const renamed = { ...swapped, account: genuine.account } as IdentityRecord
    const bytes = encodeIdentityRecord(renamed)
    expect(codeOf(() => verifyIdentityRecord(crypto, decodeIdentityRecord(bytes), genuine.account))).toBe(
      'identity/bad-signature',
    )
  })
})
