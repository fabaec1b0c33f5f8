/** Bindings: foreign keys that an identity record names. spec/identity.md section 6. Knows no record. */
import { fromUtf8, utf8 } from '@hyphae/core'
import { defineSchema, encodeFields, readFields } from '@hyphae/tlv'
import { IdentityError } from './errors.js'
import { MAX_BINDING_KIND_BYTES, MAX_BINDING_SIGNATURE_BYTES, MAX_BINDING_VALUE_BYTES } from './limits.js'

/** A foreign key that says it belongs to this account. `signature` is its own, in the form its kind defines. */
export interface Binding {
  /** `nostr`, `evm`, … */
  readonly kind: string
  /** Address or key in its usual text form. */
  readonly value: string
  /** Not verified with the record: whoever relies on the binding verifies it. */
  readonly signature: Uint8Array
}

const BINDING = defineSchema([
  { type: 1, name: 'kind', min: 1, max: MAX_BINDING_KIND_BYTES },
  { type: 2, name: 'value', min: 1, max: MAX_BINDING_VALUE_BYTES },
  { type: 3, name: 'signature', min: 1, max: MAX_BINDING_SIGNATURE_BYTES },
])

export function encodeBinding({ kind, value, signature }: Binding): Uint8Array {
  return encodeFields(BINDING, { kind: utf8(kind), value: utf8(value), signature })
}

/** @throws IdentityError `identity/bad-record`; TlvError, CoreError as readFields and fromUtf8 throw them */
export function decodeBinding(bytes: Uint8Array): Binding {
  const { values, unknown } = readFields(bytes, BINDING)
  // Nowhere to keep them, and dropping one would break the signature.
  if (unknown.length > 0) throw new IdentityError('identity/bad-record', { details: { field: 'bindings' } })
  return { kind: fromUtf8(values.kind), value: fromUtf8(values.value), signature: values.signature }
}
