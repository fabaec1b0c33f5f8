/** Round trips, and hostile case 1 over the decoders: every prefix and every bit flip. */
import { equalBytes } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { target as accountId } from '../../fuzz/account-id.js'
import { target as certificate } from '../../fuzz/certificate.js'
import { target as handle } from '../../fuzz/handle.js'
import { target as pin } from '../../fuzz/pin.js'
import { target as record } from '../../fuzz/record.js'
import { accepts } from '../../fuzz/target.js'
import {
  certifyDevice,
  createDeviceKeys,
  decodeIdentityRecord,
  encodeDeviceCertificate,
  encodeIdentityRecord,
  type IdentityRecord,
  openIdentityRecord,
  sealIdentityRecord,
  verifyIdentityRecord,
} from '../../src/index.js'
import { flipBit, NOW, party, recordOf } from '../support.js'

const alice = party(crypto)
const key = alice.account.signing.publicKey
const devices = Array.from({ length: 3 }, () =>
  certifyDevice(crypto, alice.account, createDeviceKeys(crypto), { now: NOW }),
)

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/)
const statement = fc.record({
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  issuedAt: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  devices: fc.subarray(devices),
  relays: fc.uniqueArray(fc.webUrl({ validSchemes: ['wss'], size: 'small' }), { maxLength: 8 }),
  handles: fc.uniqueArray(
    name.map((local) => `${local}@example.com`),
    { maxLength: 8 },
  ),
  bindings: fc.uniqueArray(
    fc.record({ kind: name, value: name, signature: fc.uint8Array({ minLength: 1, maxLength: 100 }) }),
    { maxLength: 8, selector: ({ kind, value }) => `${kind} ${value}` },
  ),
})
const records = statement.map((changes) => recordOf(crypto, alice, changes))

describe('identity record, properties', () => {
  it('comes back from bytes and from a directory, and encodes the same', () => {
    fc.assert(
      fc.property(records, (sent) => {
        const bytes = encodeIdentityRecord(sent)
        const received = verifyIdentityRecord(crypto, decodeIdentityRecord(bytes), key)
        expect(received).toEqual(sent)
        expect(equalBytes(encodeIdentityRecord(received), bytes)).toBe(true)
        const sealed = sealIdentityRecord(crypto, alice.account, alice.device.directory, sent)
        expect(openIdentityRecord(crypto, key, sealed)).toEqual(sent)
      }),
      { numRuns: 60 },
    )
  })

  it('hostile 1: no flipped bit and no prefix of it is a record, and nothing else is thrown', () => {
    fc.assert(
      fc.property(records, (sent: IdentityRecord) => {
        const bytes = encodeIdentityRecord(sent)
        for (let bit = 0; bit < 8 * bytes.length; bit += 7)
          expect(accepts(record, flipBit(bytes, bit))).toBe(false)
        for (let length = 0; length < bytes.length; length += 3)
          expect(accepts(record, bytes.subarray(0, length))).toBe(false)
      }),
      { numRuns: 3 },
    )
  })

  it('hostile 1: no flipped bit of a sealed record opens', () => {
    const sealed = sealIdentityRecord(crypto, alice.account, alice.device.directory, recordOf(crypto, alice))
    for (let bit = 0; bit < 8 * sealed.body.length; bit += 5)
      expect(openIdentityRecord(crypto, key, { ...sealed, body: flipBit(sealed.body, bit) })).toBeNull()
  })
})

describe('device certificate, properties', () => {
  const bytes = encodeDeviceCertificate(certifyDevice(crypto, alice.account, alice.device, { now: NOW }))

  it('hostile 1: no flipped bit, prefix or suffix of it is a certificate', () => {
    expect(accepts(certificate, bytes)).toBe(true)
    for (let bit = 0; bit < 8 * bytes.length; bit++)
      expect(accepts(certificate, flipBit(bytes, bit))).toBe(false)
    for (let length = 0; length < bytes.length; length++)
      expect(accepts(certificate, bytes.subarray(0, length))).toBe(false)
    for (const more of [1, 2, 40]) {
      const longer = new Uint8Array(bytes.length + more)
      longer.set(bytes)
      expect(accepts(certificate, longer)).toBe(false)
    }
  })
})

describe('every decoder, properties', () => {
  it('throws typed errors only, on noise', () => {
    // Types and lengths that make sense reach further than noise alone.
    const pieces = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc
          .tuple(
            fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 200, 254),
            fc.uint8Array({ minLength: 32, maxLength: 32 }),
          )
          .map(([type, value]) => Uint8Array.of(type, 32, ...value)),
      ),
      { maxLength: 10 },
    )
    fc.assert(
      fc.property(pieces, (parts) => {
        const input = Uint8Array.from(parts.flatMap((part) => [...part]))
        for (const target of [certificate, record, pin, handle, accountId]) accepts(target, input)
      }),
      { numRuns: 1500 },
    )
  })
})
