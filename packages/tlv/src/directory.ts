/**
 * Signed directory records (spec/directory.md, "Record").
 *
 *     version 1 | address 32 | writer 32 | sequence u64 | body length u16 | body | signature 64
 *     signature = Ed25519(writer, label ‖ all that comes before)
 *
 * What an address is derived from and what a body says is not known here; a carrier needs neither.
 */
import { concatBytes, type DirectoryRecord, utf8 } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { TlvError } from './errors.js'
import { checkLength } from './frame.js'
import { MAX_DIRECTORY_BODY_BYTES } from './limits.js'
import { readU16, readU64, writeU16, writeU64 } from './numbers.js'
import { viewOf } from './view.js'

const LABEL = /* @__PURE__ */ utf8('hyphae directory record v1\0')
export const DIRECTORY_VERSION = 1
const KEY_BYTES = 32
export const SIGNATURE_BYTES = 64
const WRITER_AT = 1 + KEY_BYTES
const SEQUENCE_AT = WRITER_AT + KEY_BYTES
const LENGTH_AT = SEQUENCE_AT + 8
const BODY_AT = LENGTH_AT + 2

/** Everything but writer and signature. */
export type DirectoryStatement = Pick<DirectoryRecord, 'address' | 'sequence' | 'body'>

/** Signs a record for its address. @throws TlvError `tlv/bad-length`, `tlv/bad-number` */
export function signDirectoryRecord(
  crypto: CryptoProvider,
  writerKey: Ed25519PrivateKey,
  statement: DirectoryStatement,
): DirectoryRecord {
  const { address, sequence, body } = statement
  const writer = writerKey.publicKey
  const signed = encodeStatement({ address, writer, sequence, body })
  return {
    address,
    writer,
    sequence,
    body,
    signature: crypto.ed25519.sign(writerKey, concatBytes(LABEL, signed)),
  }
}

/** True when the shape is right and the writer signed it. Never throws. */
export function verifyDirectoryRecord(crypto: CryptoProvider, record: DirectoryRecord): boolean {
  const signed = shapeOrNull(() => encodeStatement(record))
  if (signed === null || record.signature.length !== SIGNATURE_BYTES) return false
  return crypto.ed25519.verify(record.writer, concatBytes(LABEL, signed), record.signature)
}

/** @throws TlvError `tlv/bad-length`, `tlv/bad-number` */
export function encodeDirectoryRecord(record: DirectoryRecord): Uint8Array {
  checkLength(record.signature, SIGNATURE_BYTES, 'signature')
  return concatBytes(encodeStatement(record), record.signature)
}

/**
 * Unverified: the shape only. Fields are views into the input.
 * @throws TlvError `tlv/truncated`, `tlv/trailing-bytes`, `tlv/bad-length`,
 * `tlv/bad-number`, `tlv/not-canonical` (version)
 */
export function decodeDirectoryRecord(input: Uint8Array): DirectoryRecord {
  if (input.length < BODY_AT) throw new TlvError('tlv/truncated', { details: { length: input.length } })
  if (input[0] !== DIRECTORY_VERSION) {
    throw new TlvError('tlv/not-canonical', { details: { version: input[0] as number } })
  }
  const length = readU16(input, LENGTH_AT)
  checkAtMost(length, MAX_DIRECTORY_BODY_BYTES, 'body')
  const end = BODY_AT + length
  checkEnd(input, end + SIGNATURE_BYTES)
  return {
    address: viewOf(input, 1, WRITER_AT),
    writer: viewOf(input, WRITER_AT, SEQUENCE_AT),
    sequence: readU64(input, SEQUENCE_AT),
    body: viewOf(input, BODY_AT, end),
    signature: viewOf(input, end, input.length),
  }
}

function encodeStatement(record: Omit<DirectoryRecord, 'signature'>): Uint8Array {
  checkLength(record.address, KEY_BYTES, 'address')
  checkLength(record.writer, KEY_BYTES, 'writer')
  checkAtMost(record.body.length, MAX_DIRECTORY_BODY_BYTES, 'body')
  const out = new Uint8Array(BODY_AT + record.body.length)
  out[0] = DIRECTORY_VERSION
  out.set(record.address, 1)
  out.set(record.writer, WRITER_AT)
  writeU64(out, SEQUENCE_AT, record.sequence)
  writeU16(out, LENGTH_AT, record.body.length)
  out.set(record.body, BODY_AT)
  return out
}

/** Input must end exactly at `end`. @throws TlvError `tlv/truncated`, `tlv/trailing-bytes` */
export function checkEnd(input: Uint8Array, end: number): void {
  const details = { length: input.length, expected: end }
  if (input.length < end) throw new TlvError('tlv/truncated', { details })
  if (input.length > end) throw new TlvError('tlv/trailing-bytes', { details })
}

/** @throws TlvError `tlv/bad-length` */
export function checkAtMost(length: number, max: number, name: string): void {
  if (length > max) throw new TlvError('tlv/bad-length', { details: { name, length, max } })
}

/** Null for a value that cannot be encoded: to a verifier that is one more way of being wrong. */
export function shapeOrNull(encode: () => Uint8Array): Uint8Array | null {
  try {
    return encode()
  } catch (error) {
    if (error instanceof TlvError) return null
    throw error
  }
}
