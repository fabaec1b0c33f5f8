/** Pins as stored bytes. spec/identity.md section 9. Little is checked beyond shape: the store authenticates. */
import { fromUtf8, utf8 } from '@hyphae/core'
import { defineSchema, encodeFields, readFields } from '@hyphae/tlv'
import { IdentityError } from './errors.js'
import { KEY_BYTES, MAX_HANDLE_BYTES } from './limits.js'
import type { Pin, PinnedRecord } from './pin.js'
import { NUMBER_BYTES, numberBytes, readNumber } from './signed.js'

const PINNED_FIELDS = [
  { type: 1, name: 'account', size: KEY_BYTES },
  { type: 2, name: 'sequence', size: NUMBER_BYTES },
  { type: 3, name: 'record', size: 32 },
] as const

const SCHEMA = defineSchema([
  ...PINNED_FIELDS,
  { type: 4, name: 'firstSeen', size: NUMBER_BYTES },
  { type: 5, name: 'handle', min: 1, max: MAX_HANDLE_BYTES, required: false },
  { type: 6, name: 'pending', min: 1, required: false },
  // Last and required: a pin that was cut short is refused, not unblocked.
  { type: 7, name: 'approved', size: 1 },
])

const PENDING = defineSchema(PINNED_FIELDS)

export function encodePin(pin: Pin): Uint8Array {
  return encodeFields(SCHEMA, {
    ...pinnedFields(pin),
    firstSeen: numberBytes(pin.firstSeen),
    ...(pin.handle === undefined ? {} : { handle: utf8(pin.handle) }),
    ...(pin.pending === undefined ? {} : { pending: encodeFields(PENDING, pinnedFields(pin.pending)) }),
    approved: Uint8Array.of(pin.approved ? 1 : 0),
  })
}

/** @throws IdentityError `identity/bad-pin`; TlvError for malformed records; CoreError `core/bad-utf8` */
export function decodePin(bytes: Uint8Array): Pin {
  const { values, unknown } = readFields(bytes.slice(), SCHEMA)
  const state = values.approved[0] as number
  const approved = state === 1
  // A change waits exactly while the pin is blocked: anything else would unblock a contact silently.
  if (unknown.length > 0 || state > 1 || approved !== (values.pending === undefined))
    throw new IdentityError('identity/bad-pin')
  return {
    ...pinnedRecord(values),
    firstSeen: readNumber(values.firstSeen),
    approved,
    ...(values.handle === undefined ? {} : { handle: fromUtf8(values.handle) }),
    ...(values.pending === undefined ? {} : { pending: decodePending(values.pending) }),
  }
}

function decodePending(bytes: Uint8Array): PinnedRecord {
  const { values, unknown } = readFields(bytes, PENDING)
  if (unknown.length > 0) throw new IdentityError('identity/bad-pin')
  return pinnedRecord(values)
}

interface PinnedFields {
  readonly account: Uint8Array
  readonly sequence: Uint8Array
  readonly record: Uint8Array
}

function pinnedFields({ account, sequence, record }: PinnedRecord): PinnedFields {
  return { account, sequence: numberBytes(sequence), record }
}

function pinnedRecord({ account, sequence, record }: PinnedFields): PinnedRecord {
  return { account, sequence: readNumber(sequence), record }
}
