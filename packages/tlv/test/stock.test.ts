import type { StockUpload } from '@hyphae/core'
import {
  decodeStockUpload,
  encodeStockUpload,
  MAX_STOCK_ITEM_BYTES,
  MAX_STOCK_ITEMS,
  type StockStatement,
  signDirectoryRecord,
  signStockUpload,
  verifyStockUpload,
} from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import { key, nearMisses, PROVIDERS, refusal, text, withBitFlipped, withByte } from './support.js'

const statement: StockStatement = {
  kind: 2,
  sequence: 2 ** 33 + 1,
  items: [text(3), text(4)],
  lastResort: text(5),
  replace: false,
}

describe.each(PROVIDERS)('stock upload, %s provider', (_name, crypto) => {
  const writerKey = crypto.ed25519.importSeed(key(4))
  const upload = signStockUpload(crypto, writerKey, statement)
  const verify = (changed: Partial<StockUpload>): boolean =>
    verifyStockUpload(crypto, { ...upload, ...changed })

  it('verifies under every provider', () => {
    for (const [, other] of PROVIDERS) expect(verifyStockUpload(other, upload)).toBe(true)
    expect(upload.writer).toEqual(writerKey.publicKey)
  })

  it('is laid out as the specification says', () => {
    const encoded = encodeStockUpload(upload)
    expect(encoded[0]).toBe(1)
    expect(encoded.slice(1, 33)).toEqual(writerKey.publicKey)
    expect(encoded.slice(33, 47)).toEqual(Uint8Array.from([2, 1, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 5, 0]))
    expect(encoded.slice(47, -64)).toEqual(Uint8Array.from([...text(5), 3, 0, ...text(3), 4, 0, ...text(4)]))
    expect(decodeStockUpload(encoded)).toEqual(upload)
  })

  it('does not verify after any change of any field', () => {
    for (const field of ['writer', 'lastResort', 'signature'] as const) {
      const bytes = upload[field]
      for (let i = 0; i < bytes.length; i++) {
        expect(verify({ [field]: withBitFlipped(bytes, i * 8 + (i % 8)) })).toBe(false)
      }
      expect(verify({ [field]: bytes.slice(1) })).toBe(false)
    }
    for (const items of [
      [],
      [text(3)],
      [text(4), text(3)],
      [text(3), text(4), text(4)],
      [text(3), withBitFlipped(text(4), 31)],
      [text(2), text(5)],
      [new Uint8Array(0), text(4)],
    ]) {
      expect(verify({ items })).toBe(false)
    }
    for (const sequence of [0, statement.sequence + 1, -1, 0.5, 2 ** 53])
      expect(verify({ sequence })).toBe(false)
    for (const kind of [1, 3, -1, 256, 0.5]) expect(verify({ kind })).toBe(false)
    expect(verify({ replace: true })).toBe(false)
    expect(verify({ lastResort: new Uint8Array(0) })).toBe(false)
  })

  it('is signed under a label of its own', () => {
    const bare = encodeStockUpload(upload).slice(0, -64)
    expect(verify({ signature: crypto.ed25519.sign(writerKey, bare) })).toBe(false)
    const record = signDirectoryRecord(crypto, writerKey, { address: text(32), sequence: 1, body: bare })
    expect(verify({ signature: record.signature })).toBe(false)
  })

  it('carries from nothing to as much as the limits allow', () => {
    const most = Array.from({ length: MAX_STOCK_ITEMS }, (_, i) => text(1 + i))
    for (const one of [
      { ...statement, items: [], lastResort: new Uint8Array(0), replace: true },
      { ...statement, items: most, lastResort: text(MAX_STOCK_ITEM_BYTES) },
      { ...statement, items: [text(MAX_STOCK_ITEM_BYTES)] },
    ]) {
      const signed = signStockUpload(crypto, writerKey, one)
      expect(decodeStockUpload(encodeStockUpload(signed))).toEqual(signed)
      expect(verifyStockUpload(crypto, signed)).toBe(true)
    }
  })
})

describe('stock uploads', () => {
  const [, crypto] = PROVIDERS[0]!
  const writerKey = crypto.ed25519.importSeed(key(4))
  const upload = signStockUpload(crypto, writerKey, statement)
  const encoded = encodeStockUpload(upload)

  it('are not signed or written in a wrong shape', () => {
    const sign = (wrong: Partial<StockStatement>): string =>
      refusal(() => signStockUpload(crypto, writerKey, { ...statement, ...wrong }))
    expect(sign({ items: [new Uint8Array(0)] })).toBe('tlv/bad-length')
    expect(sign({ items: [text(MAX_STOCK_ITEM_BYTES + 1)] })).toBe('tlv/bad-length')
    expect(sign({ items: Array.from({ length: MAX_STOCK_ITEMS + 1 }, () => text(1)) })).toBe('tlv/bad-length')
    expect(sign({ lastResort: text(MAX_STOCK_ITEM_BYTES + 1) })).toBe('tlv/bad-length')
    for (const sequence of [-1, 0.5, 2 ** 53]) expect(sign({ sequence })).toBe('tlv/bad-number')
    for (const kind of [-1, 256, 0.5]) expect(sign({ kind })).toBe('tlv/bad-number')
    expect(refusal(() => encodeStockUpload({ ...upload, signature: text(65) }))).toBe('tlv/bad-length')
    expect(refusal(() => encodeStockUpload({ ...upload, writer: text(31) }))).toBe('tlv/bad-length')
  })

  it('are read strictly', () => {
    const decode = (input: Uint8Array): string => refusal(() => decodeStockUpload(input))
    expect(decode(new Uint8Array(0))).toBe('tlv/truncated')
    expect(decode(encoded.slice(0, -1))).toBe('tlv/truncated')
    expect(decode(Uint8Array.from([...encoded, 0]))).toBe('tlv/trailing-bytes')
    expect(decode(withByte(encoded, 0, 0))).toBe('tlv/not-canonical')
    for (const flags of [2, 3, 0x81]) expect(decode(withByte(encoded, 42, flags))).toBe('tlv/not-canonical')
    expect(decode(withByte(encoded, 44, 2))).toBe('tlv/bad-length')
    expect(decode(withByte(encoded, 46, 0xff))).toBe('tlv/bad-length')
    expect(decode(withByte(encoded, 53, 0xff))).toBe('tlv/bad-length')
    expect(decode(withByte(encoded, 52, 0))).toBe('tlv/bad-length')
    expect(decode(withByte(encoded, 52, 200))).toBe('tlv/truncated')
    expect(decode(withByte(encoded, 41, 1))).toBe('tlv/bad-number')
    const noItems = withByte(encoded, 43, 0)
    expect(decode(noItems)).toBe('tlv/trailing-bytes')
    expect(decode(withByte(noItems, 46, 1))).toBe('tlv/truncated')
  })

  it('hostile 1: every prefix and every flipped bit is refused, or read and not verified', () => {
    let read = 0
    for (const input of nearMisses(encoded)) {
      let decoded: StockUpload
      try {
        decoded = decodeStockUpload(input)
      } catch (error) {
        expect(error).toMatchObject({ name: 'TlvError' })
        continue
      }
      expect(encodeStockUpload(decoded)).toEqual(input)
      if (read++ % 8 === 0) expect(verifyStockUpload(crypto, decoded)).toBe(false)
    }
    expect(read).toBeGreaterThan(800)
  })
})
