/** A record with a prekey bundle, sealed for its directory, as it was frozen (spec/identity.md sections 6 and 8). */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { decodeDirectoryRecord, encodeDirectoryRecord } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import {
  directoryAddress,
  encodeIdentityRecord,
  openIdentityRecord,
  sealIdentityRecord,
} from '../../src/index.js'
import { NOW, party, recordOf, seededCrypto } from '../support.js'

/** `HYPHAE_WRITE_VECTORS=1` writes it anew: only for a later version of the record. */
const WRITE = process.env.HYPHAE_WRITE_VECTORS === '1'
const FOLDER = new URL('../../../../vectors/identity/', import.meta.url)
const FILE = new URL('v1.json', FOLDER)

interface Vector {
  readonly account: string
  readonly address: string
  readonly bundle: string
  /** Encoded identity record, and the directory record that it is sealed in. */
  readonly record: string
  readonly sealed: string
}

function write(): void {
  const seeded = seededCrypto(77)
  const alice = party(seeded)
  const bundle = Uint8Array.from({ length: 1441 }, (_, i) => i & 0xff)
  const record = recordOf(seeded, alice, { sequence: 9, bundles: [bundle] })
  const { account, device } = alice
  const vector: Vector = {
    account: toHex(account.signing.publicKey),
    address: toHex(directoryAddress(seeded, account.signing.publicKey)),
    bundle: toHex(bundle),
    record: toHex(encodeIdentityRecord(record)),
    sealed: toHex(encodeDirectoryRecord(sealIdentityRecord(seeded, account, device.directory, record))),
  }
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(FILE, `${JSON.stringify(vector, null, 2)}\n`)
}

describe('the frozen record', () => {
  if (WRITE) write()
  const vector = JSON.parse(readFileSync(FILE, 'utf8')) as Vector
  const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

  it('opens for who knows the account, with its bundle', () => {
    const account = bytes(vector.account)
    expect(toHex(directoryAddress(crypto, account))).toBe(vector.address)
    const opened = openIdentityRecord(crypto, account, decodeDirectoryRecord(bytes(vector.sealed)))
    expect(opened?.sequence).toBe(9)
    expect(opened?.issuedAt).toBe(NOW)
    expect(opened?.bundles.map(toHex)).toEqual([vector.bundle])
    if (opened) expect(toHex(encodeIdentityRecord(opened))).toBe(vector.record)
  })

  it('has the size that is said of one device and its bundle', () => {
    expect(bytes(vector.sealed).length).toBe(139 + 2048)
  })
})
