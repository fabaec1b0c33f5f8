/**
 * A record of a bucket as it is handed out: only who knows its address can open it. spec/relay.md section 4.1.
 *
 *     block i  SHA-256(label ‖ salt 16 ‖ place u16 ‖ i u8 ‖ address 32)
 *     hint     first 8 bytes of block 0
 *     hidden   (writer 32 ‖ sequence u64 ‖ signature 64) xor blocks 1 to 4 ‖ body
 *
 * So who reads a whole directory learns no address to look up and no writer whose stock to empty. The body is sealed by
 * who published it. The salt is new with each answer.
 */
import { concatBytes, type DirectoryRecord, equalBytes, utf8 } from '@hyphae/core'
import {
  readBytes,
  readRest,
  readU64,
  wireReader,
  wireWriter,
  writeBytes,
  writeU8,
  writeU16,
  writeU64,
} from './bytes.js'
import { KEY_BYTES, SIGNATURE_BYTES } from './operation.js'
import type { Sha256 } from './work.js'

const LABEL = utf8('hyphae directory bucket v1')
export const RECORD_SALT_BYTES = 16
export const RECORD_HINT_BYTES = 8
/** Writer, sequence, signature. */
export const HIDDEN_FIXED_BYTES: number = KEY_BYTES + 8 + SIGNATURE_BYTES
const BLOCK_BYTES = 32

export interface HiddenRecord {
  /** Tells who knows the address that the record lies there. */
  readonly hint: Uint8Array
  readonly hidden: Uint8Array
}

/** Where a record lies in an answer: no two have the same mask. */
export interface HiddenPlace {
  readonly salt: Uint8Array
  readonly place: number
  readonly sha256: Sha256
}

function block({ salt, place, sha256 }: HiddenPlace, address: Uint8Array, index: number): Uint8Array {
  const writer = wireWriter(3)
  writeU16(writer, place)
  writeU8(writer, index)
  return sha256(concatBytes(LABEL, salt, writer.bytes, address))
}

function mask(at: HiddenPlace, address: Uint8Array, bytes: Uint8Array): void {
  for (let start = 0; start < HIDDEN_FIXED_BYTES; start += BLOCK_BYTES) {
    const part = block(at, address, 1 + start / BLOCK_BYTES)
    const end = Math.min(BLOCK_BYTES, HIDDEN_FIXED_BYTES - start)
    for (let i = 0; i < end; i++) bytes[start + i] = (bytes[start + i] as number) ^ (part[i] as number)
  }
}

export function hideRecord(record: DirectoryRecord, at: HiddenPlace): HiddenRecord {
  const writer = wireWriter(HIDDEN_FIXED_BYTES + record.body.length)
  writeBytes(writer, record.writer)
  writeU64(writer, record.sequence)
  writeBytes(writer, record.signature)
  writeBytes(writer, record.body)
  mask(at, record.address, writer.bytes)
  return { hint: block(at, record.address, 0).slice(0, RECORD_HINT_BYTES), hidden: writer.bytes }
}

/**
 * The record, unverified and in memory of its own; undefined when it lies at another address.
 * @throws RelayCarrierError `relay-carrier/malformed`
 */
export function openHiddenRecord(
  { hint, hidden }: HiddenRecord,
  address: Uint8Array,
  at: HiddenPlace,
): DirectoryRecord | undefined {
  if (!equalBytes(hint, block(at, address, 0).subarray(0, RECORD_HINT_BYTES))) return undefined
  const bytes = hidden.slice()
  mask(at, address, bytes)
  const reader = wireReader(bytes)
  const writer = readBytes(reader, KEY_BYTES)
  const sequence = readU64(reader)
  const signature = readBytes(reader, SIGNATURE_BYTES)
  return { address: address.slice(), writer, sequence, body: readRest(reader, bytes.length), signature }
}
