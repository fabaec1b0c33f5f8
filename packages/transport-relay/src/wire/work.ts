/**
 * Proof of work: what a put costs a sender to whom the owner has given nothing. spec/relay.md section 3.2.
 *
 * Bound to box, id, frame and day, so that it buys this one frame: a repeated put of it changes nothing.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import { malformed, readU32, readU64, wireReader, wireWriter, writeU32, writeU64 } from './bytes.js'
import type { Ticket } from './ticket.js'

const LABEL = utf8('hyphae relay work v1')
const DAY_MS = 86_400_000
const HASH_BYTES = 32

export const WORK_BYTES = 12

export interface WorkSubject {
  readonly box: Uint8Array
  readonly id: Uint8Array
  readonly frame: Uint8Array
}

export interface Work {
  /** Days since 1970. */
  readonly day: number
  readonly nonce: number
}

export type Sha256 = (data: Uint8Array) => Uint8Array

export function dayOf(epochMs: number): number {
  return Math.floor(epochMs / DAY_MS)
}

/** What is hashed, with its nonce still 0: the last 8 bytes. */
export function workMessage({ box, id, frame }: WorkSubject, day: number, sha256: Sha256): Uint8Array {
  const writer = wireWriter(WORK_BYTES)
  writeU32(writer, day)
  return concatBytes(LABEL, box, id, sha256(frame), writer.bytes)
}

/** Puts a nonce where `workMessage` has left room. */
export function setNonce(message: Uint8Array, nonce: number): void {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  view.setUint32(message.length - 8, nonce % 2 ** 32, true)
  view.setUint32(message.length - 4, Math.floor(nonce / 2 ** 32), true)
}

/** True when the hash begins with at least so many zero bits. */
export function hasLeadingZeros(hash: Uint8Array, bits: number): boolean {
  if (bits > 8 * HASH_BYTES) return false
  const whole = bits >>> 3
  for (let i = 0; i < whole; i++) if (hash[i] !== 0) return false
  return bits % 8 === 0 || (hash[whole] as number) >>> (8 - (bits % 8)) === 0
}

export function encodeWork({ day, nonce }: Work): Ticket {
  const writer = wireWriter(WORK_BYTES)
  writeU32(writer, day)
  writeU64(writer, nonce)
  return { kind: 'work', bytes: writer.bytes }
}

/** @throws RelayCarrierError `relay-carrier/malformed` */
export function readWork(bytes: Uint8Array): Work {
  if (bytes.length !== WORK_BYTES) throw malformed('bad-length', { length: bytes.length })
  const reader = wireReader(bytes)
  return { day: readU32(reader), nonce: readU64(reader) }
}

/** Two hashes, whatever comes. */
export function checkWork(subject: WorkSubject, { day, nonce }: Work, bits: number, sha256: Sha256): boolean {
  const message = workMessage(subject, day, sha256)
  setNonce(message, nonce)
  return hasLeadingZeros(sha256(message), bits)
}
