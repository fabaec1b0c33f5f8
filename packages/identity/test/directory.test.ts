import { concatBytes, type DirectoryRecord, toHex, utf8 } from '@hyphae/core'
import { type CryptoProvider, defaultCrypto as crypto, type Ed25519PrivateKey } from '@hyphae/crypto'
import { encodeDirectoryRecord, encodeRecords, signDirectoryRecord, verifyDirectoryRecord } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import {
  directoryAddress,
  encodeIdentityRecord,
  newestIdentityRecord,
  openIdentityRecord,
  openStockItem,
  sealIdentityRecord,
  sealStockItem,
} from '../src/index.js'
import { codeOf, NOW, party, recordOf } from './support.js'

const alice = party(crypto)
const mallory = party(crypto)
const key = alice.account.signing.publicKey
const record = recordOf(crypto, alice, { sequence: 5 })
const sealed = sealIdentityRecord(crypto, alice.account, alice.device.directory, record)

/** What anyone who knows the account id can publish at its address: any bytes, sealed the right way. */
function planted(
  plaintext: Uint8Array,
  sequence: number,
  writer: Ed25519PrivateKey,
  provider: CryptoProvider = crypto,
): DirectoryRecord {
  const address = directoryAddress(provider, key)
  const bodyKey = provider.hkdfSha256(key, new Uint8Array(0), utf8('hyphae identity directory body v1\0'), 32)
  const size = Math.ceil((plaintext.length + 42) / 512) * 512 - 40
  const padded = new Uint8Array(size)
  padded.set(Uint8Array.of(plaintext.length & 255, plaintext.length >> 8))
  padded.set(plaintext, 2)
  const nonce = provider.randomBytes(24)
  const body = concatBytes(
    nonce,
    provider.xchacha20Poly1305.seal(bodyKey, nonce, padded, concatBytes(address, writer.publicKey)),
  )
  return signDirectoryRecord(provider, writer, { address, sequence, body })
}

describe('sealed identity record', () => {
  it('opens for who knows the account', () => {
    expect(verifyDirectoryRecord(crypto, sealed)).toBe(true)
    expect(sealed.sequence).toBe(5)
    expect(openIdentityRecord(crypto, key, sealed)).toEqual(record)
  })

  it('is what the specification says', () => {
    expect(
      openIdentityRecord(crypto, key, planted(encodeIdentityRecord(record), 5, alice.device.directory)),
    ).toEqual(record)
    const info = utf8('hyphae identity directory address v1\0')
    expect(directoryAddress(crypto, key)).toEqual(crypto.hkdfSha256(key, new Uint8Array(0), info, 32))
  })

  it('shows a carrier neither account, devices, relays nor handles', () => {
    const seen = toHex(encodeDirectoryRecord(sealed))
    const [device] = record.devices
    if (!device) throw new Error('no device')
    const secrets = [
      key,
      device.signing,
      device.agreement,
      device.introBox,
      device.mls,
      utf8('alice@example.com'),
      utf8('relay.example'),
    ]
    for (const secret of secrets) expect(seen).not.toContain(toHex(secret))
    // Sealed again it looks different, at the same address.
    const again = sealIdentityRecord(crypto, alice.account, alice.device.directory, record)
    expect(toHex(again.body)).not.toBe(toHex(sealed.body))
    expect(again.address).toEqual(sealed.address)
  })

  it('has a size in steps of 512 bytes', () => {
    const sizes = new Set<number>()
    for (let handles = 0; handles <= 8; handles++) {
      const names = Array.from({ length: handles }, (_, i) => `${'n'.repeat(40)}${i}@example.com`)
      const grown = recordOf(crypto, alice, { handles: names })
      sizes.add(sealIdentityRecord(crypto, alice.account, alice.device.directory, grown).body.length)
    }
    expect([...sizes]).toEqual([512, 1024])
  })

  it('is null for what the account did not sign, and never throws at a carrier’s offer', () => {
    const bobs = recordOf(crypto, mallory)
    const offers: readonly DirectoryRecord[] = [
      sealIdentityRecord(crypto, mallory.account, mallory.device.directory, bobs),
      { ...sealed, address: new Uint8Array(32) },
      { ...sealed, address: new Uint8Array(0) },
      { ...sealed, sequence: 6 },
      { ...sealed, sequence: -1 },
      { ...sealed, writer: mallory.device.directory.publicKey },
      { ...sealed, signature: new Uint8Array(64) },
      { ...sealed, signature: new Uint8Array(3) },
      { ...sealed, body: new Uint8Array(0) },
      { ...sealed, body: new Uint8Array(100_000) },
      // The same body under another writer: the seal is bound to the first.
      signDirectoryRecord(crypto, mallory.device.directory, { ...sealed, sequence: 9 }),
      planted(utf8('rubbish'), 9, mallory.device.directory),
      planted(new Uint8Array(0), 9, mallory.device.directory),
      planted(encodeIdentityRecord(bobs), 9, mallory.device.directory),
      planted(encodeIdentityRecord({ ...record, sequence: 9 } as typeof record), 9, mallory.device.directory),
      planted(encodeRecords([{ type: 254, value: new Uint8Array(64) }]), 9, mallory.device.directory),
    ]
    for (const [i, offer] of offers.entries())
      expect(openIdentityRecord(crypto, key, offer), String(i)).toBeNull()
    expect(newestIdentityRecord(crypto, key, offers)).toBeNull()
    expect(newestIdentityRecord(crypto, key, [...offers.slice(0, 15), sealed])).toEqual(record)
    expect(newestIdentityRecord(crypto, key, [...offers, sealed])).toBeNull()
  })

  it('throws when the account itself signed what breaks a rule', () => {
    expect(
      codeOf(() =>
        openIdentityRecord(crypto, key, planted(encodeIdentityRecord(record), 6, alice.device.directory)),
      ),
    ).toBe('identity/bad-record')
    const body = encodeRecords([{ type: 99, value: utf8('a later version') }])
    const signature = crypto.ed25519.sign(
      alice.account.signing,
      concatBytes(utf8('hyphae identity record v1\0'), body),
    )
    const later = planted(
      concatBytes(body, encodeRecords([{ type: 254, value: signature }])),
      6,
      alice.device.directory,
    )
    expect(codeOf(() => openIdentityRecord(crypto, key, later))).toBe('tlv/unknown-critical')
    expect(newestIdentityRecord(crypto, key, [later, sealed])).toEqual(record)
  })

  it('takes the newest of several', () => {
    const newer = recordOf(crypto, alice, { sequence: 7, issuedAt: NOW - 1 })
    const other = sealIdentityRecord(crypto, alice.account, alice.device.signing, newer)
    for (const order of [
      [sealed, other],
      [other, sealed],
    ])
      expect(newestIdentityRecord(crypto, key, order)).toEqual(newer)
    expect(newestIdentityRecord(crypto, key, [])).toBeNull()
  })

  it('is sealed by its own account only', () => {
    expect(codeOf(() => sealIdentityRecord(crypto, mallory.account, mallory.device.directory, record))).toBe(
      'identity/wrong-account',
    )
  })
})

describe('sealed stock item', () => {
  const writer = alice.device.directory.publicKey
  const item = utf8('a prekey bundle')

  it('opens for who knows the account and the device', () => {
    const stock = sealStockItem(crypto, key, writer, item)
    expect(stock).toHaveLength(512)
    expect(openStockItem(crypto, key, writer, stock)).toEqual(item)
    expect(openStockItem(crypto, mallory.account.signing.publicKey, writer, stock)).toBeNull()
    expect(openStockItem(crypto, key, mallory.device.directory.publicKey, stock)).toBeNull()
    for (const wrong of [new Uint8Array(0), stock.subarray(1), new Uint8Array(512), new Uint8Array(8704)])
      expect(openStockItem(crypto, key, writer, wrong)).toBeNull()
  })

  it('carries 0 to 8,150 bytes', () => {
    for (const length of [0, 469, 470, 471, 8150]) {
      const stock = sealStockItem(crypto, key, writer, new Uint8Array(length).fill(9))
      expect(stock.length % 512).toBe(0)
      expect(stock.length).toBeLessThanOrEqual(8192)
      expect(openStockItem(crypto, key, writer, stock)).toEqual(new Uint8Array(length).fill(9))
    }
    expect(codeOf(() => sealStockItem(crypto, key, writer, new Uint8Array(8151)))).toBe('identity/too-large')
  })

  it('has one padding for one item', () => {
    const itemKey = crypto.hkdfSha256(
      key,
      new Uint8Array(0),
      concatBytes(utf8('hyphae identity stock item v1\0'), writer),
      32,
    )
    const padded = (length: number, size: number, mark: number): Uint8Array => {
      const plain = new Uint8Array(size)
      plain[0] = length
      plain[size - 1] = mark
      const nonce = crypto.randomBytes(24)
      return concatBytes(nonce, crypto.xchacha20Poly1305.seal(itemKey, nonce, plain, writer))
    }
    expect(openStockItem(crypto, key, writer, padded(5, 472, 0))).toEqual(new Uint8Array(5))
    expect(openStockItem(crypto, key, writer, padded(5, 472, 1))).toBeNull()
    expect(openStockItem(crypto, key, writer, padded(5, 984, 0))).toBeNull()
  })
})
