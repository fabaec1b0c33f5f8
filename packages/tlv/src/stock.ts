/**
 * Signed uploads of one-time items: prekey bundles, KeyPackages (spec/directory.md, "Stock upload").
 *
 *     version 1 | writer 32 | kind u8 | sequence u64 | flags u8 | count u16 | last resort length u16 | last resort
 *     | count × (length u16 | item) | signature 64
 *     signature = Ed25519(writer, label ‖ all that comes before)
 *
 * Items are opaque: who takes one checks what is in it.
 */
import { concatBytes, type StockUpload, utf8 } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { checkAtMost, checkEnd, DIRECTORY_VERSION, SIGNATURE_BYTES, shapeOrNull } from './directory.js'
import { TlvError } from './errors.js'
import { checkLength } from './frame.js'
import { MAX_STOCK_ITEM_BYTES, MAX_STOCK_ITEMS } from './limits.js'
import { readU16, readU64, writeU8, writeU16, writeU64 } from './numbers.js'
import { viewOf } from './view.js'

const LABEL = /* @__PURE__ */ utf8('hyphae stock upload v1\0')
const KEY_BYTES = 32
const KIND_AT = 1 + KEY_BYTES
const SEQUENCE_AT = KIND_AT + 1
const FLAGS_AT = SEQUENCE_AT + 8
const COUNT_AT = FLAGS_AT + 1
const LAST_RESORT_LENGTH_AT = COUNT_AT + 2
const LAST_RESORT_AT = LAST_RESORT_LENGTH_AT + 2
const REPLACE = 1

/** Everything but writer and signature. */
export type StockStatement = Omit<StockUpload, 'writer' | 'signature'>

/** @throws TlvError `tlv/bad-length`, `tlv/bad-number` */
export function signStockUpload(
  crypto: CryptoProvider,
  writerKey: Ed25519PrivateKey,
  statement: StockStatement,
): StockUpload {
  const { kind, sequence, items, lastResort, replace } = statement
  const upload = { writer: writerKey.publicKey, kind, sequence, items, lastResort, replace }
  const signed = encodeStatement(upload)
  return { ...upload, signature: crypto.ed25519.sign(writerKey, concatBytes(LABEL, signed)) }
}

/** True when the shape is right and the writer signed it. Never throws. */
export function verifyStockUpload(crypto: CryptoProvider, upload: StockUpload): boolean {
  const signed = shapeOrNull(() => encodeStatement(upload))
  if (signed === null || upload.signature.length !== SIGNATURE_BYTES) return false
  return crypto.ed25519.verify(upload.writer, concatBytes(LABEL, signed), upload.signature)
}

/** @throws TlvError `tlv/bad-length`, `tlv/bad-number` */
export function encodeStockUpload(upload: StockUpload): Uint8Array {
  checkLength(upload.signature, SIGNATURE_BYTES, 'signature')
  return concatBytes(encodeStatement(upload), upload.signature)
}

/**
 * Unverified: the shape only. Fields are views into the input.
 * @throws TlvError `tlv/truncated`, `tlv/trailing-bytes`, `tlv/bad-length`, `tlv/bad-number`, `tlv/not-canonical`
 */
export function decodeStockUpload(input: Uint8Array): StockUpload {
  if (input.length < LAST_RESORT_AT)
    throw new TlvError('tlv/truncated', { details: { length: input.length } })
  const version = input[0] as number
  const flags = input[FLAGS_AT] as number
  if (version !== DIRECTORY_VERSION || flags > REPLACE) {
    throw new TlvError('tlv/not-canonical', { details: { version, flags } })
  }
  const count = readU16(input, COUNT_AT)
  checkAtMost(count, MAX_STOCK_ITEMS, 'items')
  const lastResortLength = readU16(input, LAST_RESORT_LENGTH_AT)
  checkAtMost(lastResortLength, MAX_STOCK_ITEM_BYTES, 'last resort')
  const itemsAt = LAST_RESORT_AT + lastResortLength
  const { items, end } = decodeItems(input, itemsAt, count)
  checkEnd(input, end + SIGNATURE_BYTES)
  return {
    writer: viewOf(input, 1, KIND_AT),
    kind: input[KIND_AT] as number,
    sequence: readU64(input, SEQUENCE_AT),
    items,
    lastResort: viewOf(input, LAST_RESORT_AT, itemsAt),
    replace: flags === REPLACE,
    signature: viewOf(input, end, input.length),
  }
}

function decodeItems(input: Uint8Array, start: number, count: number): { items: Uint8Array[]; end: number } {
  const items: Uint8Array[] = []
  let offset = start
  for (let i = 0; i < count; i++) {
    if (offset + 2 > input.length) throw new TlvError('tlv/truncated', { details: { offset } })
    const length = readU16(input, offset)
    checkItem(length)
    const end = offset + 2 + length
    if (end > input.length) throw new TlvError('tlv/truncated', { details: { offset } })
    items.push(viewOf(input, offset + 2, end))
    offset = end
  }
  if (offset > input.length) throw new TlvError('tlv/truncated', { details: { offset } })
  return { items, end: offset }
}

function checkItem(length: number): void {
  checkAtMost(length, MAX_STOCK_ITEM_BYTES, 'item')
  if (length === 0) throw new TlvError('tlv/bad-length', { details: { name: 'item', length } })
}

function encodeStatement(upload: Omit<StockUpload, 'signature'>): Uint8Array {
  const { writer, items, lastResort } = upload
  checkLength(writer, KEY_BYTES, 'writer')
  checkAtMost(items.length, MAX_STOCK_ITEMS, 'items')
  checkAtMost(lastResort.length, MAX_STOCK_ITEM_BYTES, 'last resort')
  let length = LAST_RESORT_AT + lastResort.length
  for (const item of items) {
    checkItem(item.length)
    length += 2 + item.length
  }
  const out = new Uint8Array(length)
  out[0] = DIRECTORY_VERSION
  out.set(writer, 1)
  writeU8(out, KIND_AT, upload.kind)
  writeU64(out, SEQUENCE_AT, upload.sequence)
  out[FLAGS_AT] = upload.replace ? REPLACE : 0
  writeU16(out, COUNT_AT, items.length)
  writeU16(out, LAST_RESORT_LENGTH_AT, lastResort.length)
  out.set(lastResort, LAST_RESORT_AT)
  let offset = LAST_RESORT_AT + lastResort.length
  for (const item of items) {
    writeU16(out, offset, item.length)
    out.set(item, offset + 2)
    offset += 2 + item.length
  }
  return out
}
