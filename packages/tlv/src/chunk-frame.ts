/**
 * The chunk frame: 3988 bytes of a file, under the file's key (spec/frames.md, "Chunk frame").
 *
 *     0 version | 1 zero | 2 tag 14 | 16 header 76, masked | 92 body 3988, zero-padded | AEAD tag 16
 *     header key = HKDF-SHA256(file key, salt = empty, label "header")
 *     tag ‖ mask = ChaCha20(header key, nonce = index)[0..90]
 *     body key   = HKDF-SHA256(file key, salt = root, label "body")
 *     body       = ChaCha20-Poly1305(body key, nonce = index, bytes 0..92)
 *
 * The root goes into the body key, so a file key used by mistake for two contents does not share a keystream.
 * Whether the chunks hash to the root is checked by whoever holds all of them.
 */
import { MAX_FILE_BYTES, utf8 } from '@hyphae/core'
import { type CryptoProvider, constantTimeEqual } from '@hyphae/crypto'
import { TlvError } from './errors.js'
import { blankFrame, checkFrame, checkLength, HEADER_OFFSET, TAG_BYTES, TAG_OFFSET } from './frame.js'
import { CHUNK_BYTES, MAX_CHUNKS } from './limits.js'
import { readU16, readU32, writeU16, writeU32, writeU64 } from './numbers.js'
import { isZero, viewOf } from './view.js'

export const CHUNK_FRAME_BYTES = 4096
const HEADER_BYTES = 76
const BODY_OFFSET = HEADER_OFFSET + HEADER_BYTES
const KEY_BYTES = 32
const HEADER_KEY_INFO = /* @__PURE__ */ utf8('hyphae chunk frame v1 header')
const BODY_KEY_INFO = /* @__PURE__ */ utf8('hyphae chunk frame v1 body')
const NO_SALT = new Uint8Array(0)

const INDEX_AT = 32
const COUNT_AT = 36
const SIZE_AT = 40
const LENGTH_AT = 48
const RESERVED_AT = 50

export interface ChunkHeader {
  /** Hash that stands for the whole content, 32 bytes. */
  readonly root: Uint8Array
  /** Which chunk, from 0. */
  readonly index: number
  /** Always chunkCount(size). */
  readonly count: number
  /** Bytes of the whole content. */
  readonly size: number
  /** Bytes of this chunk: CHUNK_BYTES except for the last. */
  readonly length: number
}

/** Chunks that `size` bytes take; an empty content takes one. @throws TlvError `tlv/bad-number` beyond MAX_FILE_BYTES */
export function chunkCount(size: number): number {
  if (!Number.isInteger(size) || size < 0 || size > MAX_FILE_BYTES) {
    throw new TlvError('tlv/bad-number', { details: { max: MAX_FILE_BYTES } })
  }
  return Math.max(1, Math.ceil(size / CHUNK_BYTES))
}

/** A 4096-byte frame. @throws TlvError `tlv/bad-length`, `tlv/bad-number`, `tlv/bad-frame` */
export function sealChunk(
  crypto: CryptoProvider,
  input: { readonly key: Uint8Array; readonly header: ChunkHeader; readonly data: Uint8Array },
): Uint8Array {
  const { key, header, data } = input
  checkLength(key, KEY_BYTES, 'file key')
  checkLength(header.root, KEY_BYTES, 'root')
  checkLength(data, header.length, 'data')
  if (!isConsistent(header)) throw new TlvError('tlv/bad-frame', { details: { index: header.index } })
  const mask = chunkMask(crypto, key, header.index)
  const frame = blankFrame(CHUNK_FRAME_BYTES, viewOf(mask, 0, TAG_BYTES))
  frame.set(header.root, HEADER_OFFSET)
  writeU32(frame, HEADER_OFFSET + INDEX_AT, header.index)
  writeU32(frame, HEADER_OFFSET + COUNT_AT, header.count)
  writeU64(frame, HEADER_OFFSET + SIZE_AT, header.size)
  writeU16(frame, HEADER_OFFSET + LENGTH_AT, header.length)
  applyMask(frame, mask)
  const body = new Uint8Array(CHUNK_BYTES)
  body.set(data)
  const bodyKey = crypto.hkdfSha256(key, header.root, BODY_KEY_INFO, KEY_BYTES)
  const bound = viewOf(frame, 0, BODY_OFFSET)
  frame.set(crypto.chacha20Poly1305.seal(bodyKey, indexNonce(header.index), body, bound), BODY_OFFSET)
  return frame
}

/**
 * Chunk `index` of the content under `key`; null when the frame is not that chunk.
 * @throws TlvError `tlv/bad-frame` on a bad shape, or when an authentic chunk contradicts itself; `tlv/bad-padding`
 */
export function openChunk(
  crypto: CryptoProvider,
  input: { readonly key: Uint8Array; readonly index: number; readonly frame: Uint8Array },
): { readonly header: ChunkHeader; readonly data: Uint8Array } | null {
  const { key, index, frame } = input
  if (checkFrame(frame) !== CHUNK_FRAME_BYTES) {
    throw new TlvError('tlv/bad-frame', { details: { length: frame.length } })
  }
  checkLength(key, KEY_BYTES, 'file key')
  const mask = chunkMask(crypto, key, index)
  if (!constantTimeEqual(viewOf(frame, TAG_OFFSET, HEADER_OFFSET), viewOf(mask, 0, TAG_BYTES))) return null
  const clear = frame.slice(0, BODY_OFFSET)
  applyMask(clear, mask)
  const root = clear.slice(HEADER_OFFSET, HEADER_OFFSET + KEY_BYTES)
  const bodyKey = crypto.hkdfSha256(key, root, BODY_KEY_INFO, KEY_BYTES)
  const sealed = viewOf(frame, BODY_OFFSET, frame.length)
  const bound = viewOf(frame, 0, BODY_OFFSET)
  const body = crypto.chacha20Poly1305.open(bodyKey, indexNonce(index), sealed, bound)
  if (body === null) return null
  const header = readHeader(clear, root, index)
  if (!isZero(body, header.length, CHUNK_BYTES)) throw new TlvError('tlv/bad-padding')
  return { header, data: viewOf(body, 0, header.length) }
}

/** The header of an authentic chunk: what is wrong here was sealed wrong. */
function readHeader(clear: Uint8Array, root: Uint8Array, index: number): ChunkHeader {
  const high = readU32(clear, HEADER_OFFSET + SIZE_AT + 4)
  const header: ChunkHeader = {
    root,
    index: readU32(clear, HEADER_OFFSET + INDEX_AT),
    count: readU32(clear, HEADER_OFFSET + COUNT_AT),
    size: readU32(clear, HEADER_OFFSET + SIZE_AT),
    length: readU16(clear, HEADER_OFFSET + LENGTH_AT),
  }
  const reserved = isZero(clear, HEADER_OFFSET + RESERVED_AT, BODY_OFFSET)
  if (high !== 0 || !reserved || header.index !== index || !isConsistent(header)) {
    throw new TlvError('tlv/bad-frame', { details: { index } })
  }
  return header
}

function isConsistent(header: ChunkHeader): boolean {
  const { index, count, size, length } = header
  if (!Number.isInteger(size) || size < 0 || size > MAX_FILE_BYTES || count !== chunkCount(size)) return false
  if (!Number.isInteger(index) || index < 0 || index >= count) return false
  return length === (index === count - 1 ? size - CHUNK_BYTES * index : CHUNK_BYTES)
}

function indexNonce(index: number): Uint8Array {
  if (!Number.isInteger(index) || index < 0 || index >= MAX_CHUNKS) {
    throw new TlvError('tlv/bad-number', { details: { max: MAX_CHUNKS - 1 } })
  }
  const nonce = new Uint8Array(12)
  writeU32(nonce, 4, index)
  return nonce
}

function chunkMask(crypto: CryptoProvider, key: Uint8Array, index: number): Uint8Array {
  const headerKey = crypto.hkdfSha256(key, NO_SALT, HEADER_KEY_INFO, KEY_BYTES)
  return crypto.chacha20(headerKey, indexNonce(index), TAG_BYTES + HEADER_BYTES)
}

function applyMask(frame: Uint8Array, mask: Uint8Array): void {
  for (let i = 0; i < HEADER_BYTES; i++) {
    frame[HEADER_OFFSET + i] = (frame[HEADER_OFFSET + i] as number) ^ (mask[TAG_BYTES + i] as number)
  }
}
