import { concatBytes, equalBytes, fromHex, utf8 } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { encodeRecords, type TlvRecord } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import {
  type AccountKeys,
  certifyDevice,
  createAccount,
  createDeviceKeys,
  decodeDeviceCertificate,
  encodeDeviceCertificate,
  MAX_CERTIFICATE_BYTES,
  verifyDeviceCertificate,
} from '../src/index.js'
import { codeOf, NOW } from './support.js'

const account = createAccount(crypto)
const device = createDeviceKeys(crypto)
const certificate = certifyDevice(crypto, account, device, { now: NOW })
const time = fromHex('0068e5cf8b010000')

/** Records 1 to 8 as spec/identity.md lists them, with some replaced. */
function records(changes: Readonly<Record<number, Uint8Array>> = {}): TlvRecord[] {
  const values = [
    account.signing.publicKey,
    device.signing.publicKey,
    device.agreement.publicKey,
    device.mls.publicKey,
    device.intro.publicKey,
    device.introBox.publicKey,
    device.directory.publicKey,
    time,
  ]
  return values.map((value, i) => ({ type: i + 1, value: changes[i + 1] ?? value }))
}

/** Signed by hand, so that what no honest program makes can be tried. */
function signed(fields: readonly TlvRecord[], signer: AccountKeys = account): Uint8Array {
  const body = encodeRecords(fields)
  const label = utf8('hyphae identity device certificate v1\0')
  const signature = crypto.ed25519.sign(signer.signing, concatBytes(label, body))
  return concatBytes(body, encodeRecords([{ type: 254, value: signature }]))
}

const verifyCode = (bytes: Uint8Array, expected?: Uint8Array): string =>
  codeOf(() => verifyDeviceCertificate(crypto, decodeDeviceCertificate(bytes), expected))

describe('device certificate', () => {
  it('is what the specification says, byte by byte', () => {
    const encoded = encodeDeviceCertificate(certificate)
    expect(encoded).toHaveLength(314)
    expect(equalBytes(encoded, signed(records()))).toBe(true)
  })

  it('comes back verified', () => {
    const unverified = decodeDeviceCertificate(encodeDeviceCertificate(certificate))
    expect(verifyDeviceCertificate(crypto, unverified)).toEqual(certificate)
    expect(verifyDeviceCertificate(crypto, unverified, account.signing.publicKey)).toEqual(certificate)
  })

  it('shares no memory with what it was read from', () => {
    const bytes = encodeDeviceCertificate(certificate)
    const decoded = decodeDeviceCertificate(bytes)
    bytes.fill(0)
    expect(decoded).toEqual(certificate)
  })

  it('belongs to one account', () => {
    const other = createAccount(crypto)
    const bytes = encodeDeviceCertificate(certificate)
    expect(verifyCode(bytes, other.signing.publicKey)).toBe('identity/wrong-account')
    expect(verifyCode(signed(records(), other))).toBe('identity/bad-signature')
    expect(verifyCode(signed(records({ 1: other.signing.publicKey })))).toBe('identity/bad-signature')
  })

  it('is not a signature made for something else', () => {
    const body = encodeRecords(records())
    for (const label of ['', 'hyphae identity record v1\0', 'hyphae identity device certificate v1']) {
      const signature = crypto.ed25519.sign(account.signing, concatBytes(utf8(label), body))
      expect(verifyCode(concatBytes(body, encodeRecords([{ type: 254, value: signature }])))).toBe(
        'identity/bad-signature',
      )
    }
  })

  it('has canonical keys of full order only, though the account signed', () => {
    const zero = new Uint8Array(32)
    const notCanonical = new Uint8Array(32).fill(255)
    const p = fromHex(`ed${'ff'.repeat(30)}7f`)
    for (let type = 2; type <= 7; type++)
      for (const key of [zero, notCanonical, p])
        expect(verifyCode(signed(records({ [type]: key })))).toBe('identity/bad-key')
    const topBit = device.agreement.publicKey.with(31, (device.agreement.publicKey[31] as number) | 128)
    expect(verifyCode(signed(records({ 3: topBit })))).toBe('identity/bad-key')
  })

  it('uses no key twice, though the account signed', () => {
    const twice: readonly Readonly<Record<number, Uint8Array>>[] = [
      { 4: device.signing.publicKey },
      { 2: account.signing.publicKey },
      { 5: device.agreement.publicKey },
      { 7: device.introBox.publicKey },
    ]
    for (const change of twice) expect(verifyCode(signed(records(change)))).toBe('identity/duplicate-key')
    const sloppy = { ...device, mls: device.signing }
    expect(codeOf(() => certifyDevice(crypto, account, sloppy, { now: NOW }))).toBe('identity/duplicate-key')
  })

  it('hostile 4: keeps unknown non-critical fields under the signature, refuses critical ones', () => {
    const extra = { type: 200, value: utf8('later') }
    const bytes = signed([...records(), extra])
    const verified = verifyDeviceCertificate(crypto, decodeDeviceCertificate(bytes))
    expect(verified.unknown).toEqual([extra])
    expect(equalBytes(encodeDeviceCertificate(verified), bytes)).toBe(true)
    const stripped = { ...decodeDeviceCertificate(bytes), unknown: [] }
    expect(verifyCode(encodeDeviceCertificate(stripped))).toBe('identity/bad-signature')
    expect(verifyCode(signed([...records(), { type: 9, value: utf8('must') }]))).toBe('tlv/unknown-critical')
  })

  it('hostile 5: refuses fields twice, out of order, missing or of another size', () => {
    const [first, second, ...rest] = records() as [TlvRecord, TlvRecord, ...TlvRecord[]]
    expect(verifyCode(signed([first, first, second, ...rest]))).toBe('tlv/duplicate-field')
    expect(verifyCode(signed([second, first, ...rest]))).toBe('tlv/wrong-order')
    expect(verifyCode(signed([first, ...rest]))).toBe('tlv/missing-field')
    expect(verifyCode(signed(records({ 2: new Uint8Array(31) })))).toBe('tlv/bad-length')
    expect(verifyCode(signed(records({ 8: new Uint8Array(8).fill(255) })))).toBe('tlv/bad-number')
    expect(verifyCode(encodeRecords(records()))).toBe('tlv/missing-field')
    const short = { type: 254, value: new Uint8Array(63) }
    expect(verifyCode(encodeRecords([...records(), short]))).toBe('identity/bad-certificate')
  })

  it('is refused by size before it is read', () => {
    expect(verifyCode(new Uint8Array(MAX_CERTIFICATE_BYTES + 1))).toBe('identity/too-large')
  })
})
