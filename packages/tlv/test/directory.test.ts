import type { DirectoryRecord } from '@hyphae/core'
import {
  decodeDirectoryRecord,
  encodeDirectoryRecord,
  MAX_DIRECTORY_BODY_BYTES,
  signDirectoryRecord,
  verifyDirectoryRecord,
} from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import { key, nearMisses, PROVIDERS, refusal, text, withBitFlipped, withByte } from './support.js'

describe.each(PROVIDERS)('directory record, %s provider', (_name, crypto) => {
  const writerKey = crypto.ed25519.importSeed(key(3))
  const statement = { address: text(32), sequence: 2 ** 40 + 7, body: text(10) }
  const record = signDirectoryRecord(crypto, writerKey, statement)

  it('verifies under every provider', () => {
    for (const [, other] of PROVIDERS) expect(verifyDirectoryRecord(other, record)).toBe(true)
    expect(record.writer).toEqual(writerKey.publicKey)
  })

  it('is laid out as the specification says', () => {
    const encoded = encodeDirectoryRecord(record)
    expect(encoded.length).toBe(75 + 10 + 64)
    expect(encoded[0]).toBe(1)
    expect(encoded.slice(1, 33)).toEqual(statement.address)
    expect(encoded.slice(33, 65)).toEqual(writerKey.publicKey)
    expect(encoded.slice(65, 75)).toEqual(Uint8Array.from([7, 0, 0, 0, 0, 1, 0, 0, 10, 0]))
    expect(encoded.slice(75, 85)).toEqual(statement.body)
    expect(decodeDirectoryRecord(encoded)).toEqual(record)
  })

  it('does not verify after any change of any field', () => {
    for (const field of ['address', 'writer', 'body', 'signature'] as const) {
      const bytes = record[field]
      for (let i = 0; i < bytes.length; i++) {
        const changed = { ...record, [field]: withBitFlipped(bytes, i * 8 + (i % 8)) }
        expect(verifyDirectoryRecord(crypto, changed)).toBe(false)
      }
      expect(verifyDirectoryRecord(crypto, { ...record, [field]: bytes.slice(1) })).toBe(false)
      const longer = Uint8Array.from([...bytes, 0])
      expect(verifyDirectoryRecord(crypto, { ...record, [field]: longer })).toBe(false)
    }
    for (const sequence of [0, statement.sequence + 1, statement.sequence - 1, -1, 0.5, 2 ** 53]) {
      expect(verifyDirectoryRecord(crypto, { ...record, sequence })).toBe(false)
    }
  })

  it('is signed under a label of its own', () => {
    const bare = encodeDirectoryRecord(record).slice(0, -64)
    const signature = crypto.ed25519.sign(writerKey, bare)
    expect(verifyDirectoryRecord(crypto, { ...record, signature })).toBe(false)
  })

  it('carries bodies from nothing to the limit', () => {
    for (const length of [0, 1, MAX_DIRECTORY_BODY_BYTES]) {
      const one = signDirectoryRecord(crypto, writerKey, { ...statement, body: text(length) })
      expect(decodeDirectoryRecord(encodeDirectoryRecord(one))).toEqual(one)
      expect(verifyDirectoryRecord(crypto, one)).toBe(true)
    }
  })
})

describe('directory records', () => {
  const [, crypto] = PROVIDERS[0]!
  const writerKey = crypto.ed25519.importSeed(key(3))
  const statement = { address: text(32), sequence: 5, body: text(9) }
  const record = signDirectoryRecord(crypto, writerKey, statement)
  const encoded = encodeDirectoryRecord(record)

  it('are not signed or written in a wrong shape', () => {
    const sign = (wrong: object): string =>
      refusal(() => signDirectoryRecord(crypto, writerKey, { ...statement, ...wrong }))
    expect(sign({ address: text(31) })).toBe('tlv/bad-length')
    expect(sign({ body: text(MAX_DIRECTORY_BODY_BYTES + 1) })).toBe('tlv/bad-length')
    for (const sequence of [-1, 0.5, 2 ** 53]) expect(sign({ sequence })).toBe('tlv/bad-number')
    const encode = (wrong: Partial<DirectoryRecord>): string =>
      refusal(() => encodeDirectoryRecord({ ...record, ...wrong }))
    expect(encode({ writer: text(33) })).toBe('tlv/bad-length')
    expect(encode({ signature: text(63) })).toBe('tlv/bad-length')
  })

  it('are read strictly', () => {
    const decode = (input: Uint8Array): string => refusal(() => decodeDirectoryRecord(input))
    expect(decode(new Uint8Array(0))).toBe('tlv/truncated')
    expect(decode(encoded.slice(0, -1))).toBe('tlv/truncated')
    expect(decode(Uint8Array.from([...encoded, 0]))).toBe('tlv/trailing-bytes')
    expect(decode(withByte(encoded, 0, 2))).toBe('tlv/not-canonical')
    expect(decode(withByte(encoded, 73, 8))).toBe('tlv/trailing-bytes')
    expect(decode(withByte(encoded, 74, 0xff))).toBe('tlv/bad-length')
    expect(decode(withByte(encoded, 71, 0x20))).toBe('tlv/bad-number')
    expect(decode(withByte(encoded, 72, 1))).toBe('tlv/bad-number')
  })

  it('hostile 1: every prefix and every flipped bit is refused, or read and not verified', () => {
    let read = 0
    for (const input of nearMisses(encoded)) {
      let decoded: DirectoryRecord
      try {
        decoded = decodeDirectoryRecord(input)
      } catch (error) {
        expect(error).toMatchObject({ name: 'TlvError' })
        continue
      }
      expect(encodeDirectoryRecord(decoded)).toEqual(input)
      // Verification is the slow part; a field each is covered above, here one bit of each byte.
      if (read++ % 8 === 0) expect(verifyDirectoryRecord(crypto, decoded)).toBe(false)
    }
    expect(read).toBeGreaterThan(1000)
  })
})
