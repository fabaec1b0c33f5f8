import { concatBytes, equalBytes, utf8 } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { encodeRecords, readRecords } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import {
  type Binding,
  certifyDevice,
  createDeviceKeys,
  decodeIdentityRecord,
  encodeDeviceCertificate,
  encodeIdentityRecord,
  type IdentityRecord,
  MAX_RECORD_BYTES,
  verifyIdentityRecord,
} from '../src/index.js'
import { codeOf, NOW, party, recordOf } from './support.js'

const alice = party(crypto)
const mallory = party(crypto)
const key = alice.account.signing.publicKey
const binding: Binding = { kind: 'nostr', value: 'npub1xyz', signature: new Uint8Array(64).fill(1) }
const record = recordOf(crypto, alice, { bindings: [binding] })

const verify = (bytes: Uint8Array, account = key): IdentityRecord =>
  verifyIdentityRecord(crypto, decodeIdentityRecord(bytes), account)
const certificates = (count: number) =>
  Array.from({ length: count }, () =>
    certifyDevice(crypto, alice.account, createDeviceKeys(crypto), { now: NOW }),
  )

/** Signed by hand with one field replaced or added, so that what no honest program makes can be tried. */
function forged(changes: Readonly<Record<number, readonly Uint8Array[]>>): Uint8Array {
  const u64 = (value: number): Uint8Array => Uint8Array.of(value, 0, 0, 0, 0, 0, 0, 0)
  const fields: Record<number, readonly Uint8Array[]> = {
    1: [key],
    2: [u64(1)],
    3: [u64(0)],
    4: record.devices.map(encodeDeviceCertificate),
    ...changes,
  }
  const body = encodeRecords(
    Object.entries(fields).flatMap(([type, values]) =>
      values.map((value) => ({ type: Number(type), value })),
    ),
  )
  const signature = crypto.ed25519.sign(
    alice.account.signing,
    concatBytes(utf8('hyphae identity record v1\0'), body),
  )
  return concatBytes(body, encodeRecords([{ type: 254, value: signature }]))
}

describe('identity record', () => {
  it('comes back verified, and encodes the same', () => {
    const bytes = encodeIdentityRecord(record)
    const back = verify(bytes)
    expect(back).toEqual(record)
    expect(equalBytes(encodeIdentityRecord(back), bytes)).toBe(true)
  })

  it('carries a prekey bundle of each device, as many as fit, which older readers hand on', () => {
    const bundle = (fill: number): Uint8Array => new Uint8Array(1441).fill(fill)
    const four = recordOf(crypto, alice, {
      devices: certificates(4),
      bindings: [binding],
      bundles: [1, 2, 3, 4].map(bundle),
    })
    const bytes = encodeIdentityRecord(four)
    expect(verify(bytes)).toEqual(four)
    expect(four.bundles.map(([first]) => first)).toEqual([1, 2, 3, 4])
    // Readers from before pass over field 128 and keep it under the signature: it is not critical.
    const older = readRecords(bytes).filter(({ type }) => type >= 128 && type < 254)
    expect(older.map(({ value }) => value)).toEqual(four.bundles)
    expect(codeOf(() => recordOf(crypto, alice, { bundles: [1, 2, 3, 4, 5, 6].map(bundle) }))).toBe(
      'identity/too-large',
    )
    expect(codeOf(() => recordOf(crypto, alice, { bundles: [new Uint8Array(4097)] }))).toBe(
      'identity/too-large',
    )
    expect(codeOf(() => recordOf(crypto, alice, { bundles: [new Uint8Array()] }))).toBe('identity/bad-record')
    expect(codeOf(() => verify(forged({ 128: [new Uint8Array(4097)] })))).toBe('tlv/bad-length')
    expect(
      codeOf(() => verify(forged({ 128: Array.from({ length: 21 }, () => bundle(1).slice(0, 9)) }))),
    ).toBe('tlv/duplicate-field')
  })

  it('may be almost empty', () => {
    const empty = recordOf(crypto, alice, { devices: [], relays: [], handles: [] })
    expect(verify(encodeIdentityRecord(empty))).toEqual(empty)
  })

  it('belongs to the account that is asked for', () => {
    const bytes = encodeIdentityRecord(record)
    expect(codeOf(() => verify(bytes, mallory.account.signing.publicKey))).toBe('identity/wrong-account')
    expect(verify(forged({})).devices).toHaveLength(1)
    const tampered = { ...record, sequence: 2 } as IdentityRecord
    expect(codeOf(() => verify(encodeIdentityRecord(tampered)))).toBe('identity/bad-signature')
  })

  it('hostile 25: holds no device that the account did not certify', () => {
    const ghost = certifyDevice(crypto, mallory.account, mallory.device, { now: NOW })
    expect(codeOf(() => recordOf(crypto, alice, { devices: [ghost] }))).toBe('identity/wrong-account')
    const claimed = { ...ghost, account: key } as typeof ghost
    for (const certificate of [ghost, claimed]) {
      const bytes = forged({ 4: [encodeDeviceCertificate(certificate)] })
      expect(['identity/wrong-account', 'identity/bad-signature']).toContain(codeOf(() => verify(bytes)))
    }
    const added = { ...record, devices: [...record.devices, ghost] } as IdentityRecord
    expect(codeOf(() => verify(encodeIdentityRecord(added)))).toBe('identity/bad-signature')
  })

  it('lists no device or key twice', () => {
    const [certificate] = record.devices
    if (!certificate) throw new Error('no device')
    expect(codeOf(() => recordOf(crypto, alice, { devices: [certificate, certificate] }))).toBe(
      'identity/duplicate-key',
    )
    const shared = { ...createDeviceKeys(crypto), mls: alice.device.mls }
    const second = certifyDevice(crypto, alice.account, shared, { now: NOW })
    expect(codeOf(() => recordOf(crypto, alice, { devices: [certificate, second] }))).toBe(
      'identity/duplicate-key',
    )
    const bytes = forged({ 4: [certificate, second].map(encodeDeviceCertificate) })
    expect(codeOf(() => verify(bytes))).toBe('identity/duplicate-key')
  })

  it('has limits, kept when writing and when reading', () => {
    const many = (count: number): string[] =>
      Array.from({ length: count }, (_, i) => `wss://relay-${i}.example`)
    const handles = Array.from({ length: 9 }, (_, i) => `a${i}@example.com`)
    const bindings = Array.from({ length: 9 }, (_, i) => ({ ...binding, value: `npub${i}` }))
    const full = recordOf(crypto, alice, {
      devices: certificates(20),
      relays: many(8),
      handles: handles.slice(0, 8),
    })
    expect(encodeIdentityRecord(full).length).toBeLessThanOrEqual(MAX_RECORD_BYTES)
    expect(verify(encodeIdentityRecord(full))).toEqual(full)
    const huge = { ...binding, signature: new Uint8Array(2048) }
    for (const change of [
      { devices: certificates(21) },
      { relays: many(9) },
      { handles },
      { bindings },
      { devices: full.devices, bindings: [huge] },
    ])
      expect(codeOf(() => recordOf(crypto, alice, change))).toBe('identity/too-large')
    expect(codeOf(() => verify(forged({ 5: many(9).map(utf8) })))).toBe('tlv/duplicate-field')
    expect(codeOf(() => decodeIdentityRecord(new Uint8Array(MAX_RECORD_BYTES + 1)))).toBe(
      'identity/too-large',
    )
  })

  it('refuses numbers and texts that mislead', () => {
    const wrong = [
      { sequence: 0 },
      { sequence: -1 },
      { sequence: 1.5 },
      { sequence: 2 ** 53 },
      { issuedAt: -1 },
      { relays: ['wss://a\u001b[2J'] },
      { relays: ['wss://exаmple.org'] },
      { relays: ['a', 'a'] },
      { relays: ['x'.repeat(255)] },
      { handles: ['Alice@example.com'] },
      { handles: ['alice@example.com', 'alice@example.com'] },
      { bindings: [binding, binding] },
      { bindings: [{ ...binding, kind: 'No' }] },
      { bindings: [{ ...binding, value: 'a b' }] },
    ]
    for (const change of wrong)
      expect(
        codeOf(() => recordOf(crypto, alice, change)),
        JSON.stringify(change),
      ).toBe('identity/bad-record')
    expect(codeOf(() => recordOf(crypto, alice, { handles: ['not a handle'] }))).toBe('identity/bad-handle')
    expect(codeOf(() => verify(forged({ 2: [new Uint8Array(8)] })))).toBe('identity/bad-record')
    expect(codeOf(() => verify(forged({ 5: [utf8('wss://a\u202eb')] })))).toBe('identity/bad-record')
    expect(codeOf(() => verify(forged({ 6: [utf8('ALICE@example.com')] })))).toBe('identity/bad-record')
    expect(codeOf(() => verify(forged({ 6: [Uint8Array.of(0xff)] })))).toBe('core/bad-utf8')
    const extended = encodeRecords([
      { type: 1, value: utf8('nostr') },
      { type: 2, value: utf8('npub1') },
      { type: 3, value: utf8('x') },
      { type: 200, value: utf8('x') },
    ])
    expect(codeOf(() => verify(forged({ 7: [extended] })))).toBe('identity/bad-record')
  })

  it('hostile 4: keeps unknown non-critical fields under the signature', () => {
    const bytes = forged({ 130: [utf8('later')] })
    const verified = verify(bytes)
    expect(verified.unknown).toEqual([{ type: 130, value: utf8('later') }])
    expect(equalBytes(encodeIdentityRecord(verified), bytes)).toBe(true)
    expect(codeOf(() => verify(forged({ 100: [utf8('must')] })))).toBe('tlv/unknown-critical')
  })
})
