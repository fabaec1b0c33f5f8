/**
 * The few protocol buffer fields of a Signal message: varints up to 32 bits and byte strings.
 *
 * The reader is strict: minimal varints, no field twice, no wire type but 0 and 2, exact consumption. Fields it is
 * not asked for are passed over, as the format demands of readers older than the writer. Knows no message.
 */
import { SignalError, type SignalErrorCode } from './errors.js'

const VARINT = 0
const BYTES = 2
/** Field numbers have 29 bits. */
const MAX_FIELD = 0x1fff_ffff
/** Fields of one message; honest ones have nine at most. */
const MAX_FIELDS = 64

export interface VarintRead {
  readonly value: number
  readonly next: number
}

/** A minimal base-128 number ≤ `max` (a safe integer) at `offset`; throws `code` otherwise. */
export function readVarint(
  input: Uint8Array,
  offset: number,
  max: number,
  code: SignalErrorCode,
): VarintRead {
  let value = 0
  let scale = 1
  for (let at = offset; at < input.length; at++) {
    const byte = input[at] as number
    value += (byte & 0x7f) * scale
    if (value > max) break
    if (byte < 0x80) {
      if (byte === 0 && at > offset) break
      return { value, next: at + 1 }
    }
    scale *= 128
  }
  throw new SignalError(code, { details: { length: input.length, offset } })
}

/** Base-128, least significant group first. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

export interface ProtobufFields {
  number(field: number): number | undefined
  /** A copy. */
  bytes(field: number): Uint8Array | undefined
}

/** @throws SignalError `ratchet/signal-bad-message` */
export function readFields(input: Uint8Array): ProtobufFields {
  const code = 'ratchet/signal-bad-message'
  const fields = new Map<number, number | Uint8Array>()
  let at = 0
  while (at < input.length) {
    const key = readVarint(input, at, MAX_FIELD * 8 + 7, code)
    const field = Math.floor(key.value / 8)
    const type = key.value % 8
    if (
      field === 0 ||
      fields.has(field) ||
      fields.size >= MAX_FIELDS ||
      (type !== VARINT && type !== BYTES)
    ) {
      throw new SignalError(code, { details: { field, type } })
    }
    const read = readVarint(input, key.next, 0xffff_ffff, code)
    at = read.next
    if (type === VARINT) {
      fields.set(field, read.value)
      continue
    }
    if (read.value > input.length - at)
      throw new SignalError(code, { details: { field, length: read.value } })
    fields.set(field, Uint8Array.prototype.slice.call(input, at, at + read.value))
    at += read.value
  }
  return fieldsOf(fields)
}

function fieldsOf(fields: ReadonlyMap<number, number | Uint8Array>): ProtobufFields {
  const mismatch = (field: number): never => {
    throw new SignalError('ratchet/signal-bad-message', { details: { field } })
  }
  return {
    number: (field) => {
      const value = fields.get(field)
      return value instanceof Uint8Array ? mismatch(field) : value
    },
    bytes: (field) => {
      const value = fields.get(field)
      return typeof value === 'number' ? mismatch(field) : value
    },
  }
}

/** Parts of a message, to be joined by the caller. */
export function numberField(field: number, value: number): Uint8Array[] {
  return [varint(field * 8 + VARINT), varint(value)]
}

export function bytesField(field: number, value: Uint8Array): Uint8Array[] {
  return [varint(field * 8 + BYTES), varint(value.length), value]
}
