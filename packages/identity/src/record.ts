/**
 * Identity records: what an account says of itself. spec/identity.md section 6.
 *
 *   record    = TLV fields ‖ signature record
 *   signature = Ed25519(account, label ‖ TLV fields)
 *
 * A record replaces all with a lower sequence; a device that is not in it is no longer the account's. Knows
 * nothing of where records are kept (sealed.ts) or of which one was seen before (pin.ts).
 */
import { type Brand, concatBytes, equalBytes, fromUtf8, utf8 } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { defineSchema, encodeFields, readFields, splitLast, type TlvRecord } from '@hyphae/tlv'
import type { AccountKeys } from './account.js'
import { type Binding, decodeBinding, encodeBinding } from './binding.js'
import {
  type DeviceCertificate,
  decodeDeviceCertificate,
  encodeDeviceCertificate,
  type UnverifiedDeviceCertificate,
  verifyDeviceCertificate,
} from './certificate.js'
import { IdentityError } from './errors.js'
import { LABELS } from './labels.js'
import {
  KEY_BYTES,
  MAX_BINDINGS,
  MAX_BUNDLE_BYTES,
  MAX_CERTIFICATE_BYTES,
  MAX_DEVICES,
  MAX_HANDLE_BYTES,
  MAX_HANDLES,
  MAX_RECORD_BYTES,
  MAX_RELAY_BYTES,
  MAX_RELAYS,
  SIGNATURE_BYTES,
} from './limits.js'
import { assertRecordRules } from './record-rules.js'
import { NUMBER_BYTES, numberBytes, readNumber, SIGNATURE_TYPE, withSignature } from './signed.js'

/** What an account decides to say. */
export interface IdentityStatement<Certificate = DeviceCertificate> {
  /** 1 or more; rises with each record. */
  readonly sequence: number
  /** Milliseconds since 1970 by the account's clock; for showing, never for ordering. */
  readonly issuedAt: number
  /** At most 20. */
  readonly devices: readonly Certificate[]
  /** URLs, most wanted first, at most 8. */
  readonly relays: readonly string[]
  /** Canonical handles that the account answers to, at most 8. */
  readonly handles: readonly string[]
  /** At most 8. */
  readonly bindings: readonly Binding[]
  /**
   * A last-resort prekey bundle of each device that can be met without asking for one by name, 1 to 4,096 bytes each.
   * What is in one is for who uses it to verify. None when left out.
   */
  readonly bundles?: readonly Uint8Array[]
}

export interface IdentityRecordFields<Certificate> extends IdentityStatement<Certificate> {
  readonly bundles: readonly Uint8Array[]
  /** Ed25519 public key, 32 bytes. */
  readonly account: Uint8Array
  /** Non-critical fields of later versions, kept so that the signature still covers them. */
  readonly unknown: readonly TlvRecord[]
  readonly signature: Uint8Array
}

/** As it came from outside: nothing in it is known to be the account's. */
export type UnverifiedIdentityRecord = Brand<
  IdentityRecordFields<UnverifiedDeviceCertificate>,
  'UnverifiedIdentityRecord'
>
export type IdentityRecord = Brand<IdentityRecordFields<DeviceCertificate>, 'IdentityRecord'>

const SCHEMA = defineSchema([
  { type: 1, name: 'account', size: KEY_BYTES },
  { type: 2, name: 'sequence', size: NUMBER_BYTES },
  { type: 3, name: 'issuedAt', size: NUMBER_BYTES },
  { type: 4, name: 'devices', min: 1, max: MAX_CERTIFICATE_BYTES, repeat: MAX_DEVICES, required: false },
  { type: 5, name: 'relays', min: 1, max: MAX_RELAY_BYTES, repeat: MAX_RELAYS, required: false },
  { type: 6, name: 'handles', min: 1, max: MAX_HANDLE_BYTES, repeat: MAX_HANDLES, required: false },
  { type: 7, name: 'bindings', min: 1, repeat: MAX_BINDINGS, required: false },
  { type: 128, name: 'bundles', min: 1, max: MAX_BUNDLE_BYTES, repeat: MAX_DEVICES, required: false },
])

/**
 * Signs a statement with the account key.
 * @throws IdentityError `identity/bad-record`, `identity/too-large`, `identity/bad-handle`,
 *   `identity/wrong-account`, `identity/duplicate-key`
 */
export function signIdentityRecord(
  crypto: CryptoProvider,
  account: AccountKeys,
  statement: IdentityStatement,
): IdentityRecord {
  const { sequence, issuedAt, devices, relays, handles, bindings, bundles = [] } = statement
  const fields = {
    account: account.signing.publicKey,
    sequence,
    issuedAt,
    devices,
    relays,
    handles,
    bindings,
    bundles,
    unknown: [],
  }
  assertRecordRules(fields)
  const signed = encodeSigned(fields)
  const signature = crypto.ed25519.sign(account.signing, concatBytes(LABELS.record, signed))
  assertSize(withSignature(signed, signature).length)
  return { ...fields, signature } as unknown as IdentityRecord
}

/** The canonical bytes, at most 8,150. */
export function encodeIdentityRecord(record: IdentityRecord | UnverifiedIdentityRecord): Uint8Array {
  return withSignature(encodeSigned(record), record.signature)
}

/**
 * Reads the shape only. The result shares no memory with `input`.
 * @throws IdentityError `identity/too-large`, `identity/bad-record`; TlvError for malformed records;
 *   CoreError `core/bad-utf8`
 */
export function decodeIdentityRecord(input: Uint8Array): UnverifiedIdentityRecord {
  assertSize(input.length)
  const { signed, signature } = splitIdentityRecord(input.slice())
  const { values, unknown } = readFields(signed, SCHEMA)
  const fields = {
    account: values.account,
    sequence: readNumber(values.sequence),
    issuedAt: readNumber(values.issuedAt),
    devices: (values.devices ?? []).map(decodeDeviceCertificate),
    relays: (values.relays ?? []).map(fromUtf8),
    handles: (values.handles ?? []).map(fromUtf8),
    bindings: (values.bindings ?? []).map(decodeBinding),
    bundles: values.bundles ?? [],
    unknown,
    signature,
  }
  return fields as unknown as UnverifiedIdentityRecord
}

/**
 * The same record, verified: it is `expectedAccount`'s, it keeps every rule, the account signed it and every
 * certificate in it. Whether it is newer than what was seen before is for `checkPin`.
 * @throws IdentityError `identity/wrong-account`, `identity/bad-signature`, `identity/bad-record`,
 *   `identity/bad-handle`, `identity/bad-key`, `identity/duplicate-key`
 */
export function verifyIdentityRecord(
  crypto: CryptoProvider,
  unverified: UnverifiedIdentityRecord,
  expectedAccount: Uint8Array,
): IdentityRecord {
  if (!equalBytes(unverified.account, expectedAccount)) throw new IdentityError('identity/wrong-account')
  const signed = encodeSigned(unverified)
  if (!isSignedByAccount(crypto, expectedAccount, signed, unverified.signature))
    throw new IdentityError('identity/bad-signature')
  const devices = unverified.devices.map((device) => verifyDeviceCertificate(crypto, device, expectedAccount))
  assertRecordRules({ ...unverified, devices })
  return unverified as unknown as IdentityRecord
}

/** The signed bytes and the signature, before anything else of a record is read. @throws IdentityError, TlvError */
export function splitIdentityRecord(input: Uint8Array): { signed: Uint8Array; signature: Uint8Array } {
  const { signed, value: signature } = splitLast(input, SIGNATURE_TYPE)
  if (signature.length !== SIGNATURE_BYTES) throw new IdentityError('identity/bad-record')
  return { signed, signature }
}

export function isSignedByAccount(
  crypto: CryptoProvider,
  account: Uint8Array,
  signed: Uint8Array,
  signature: Uint8Array,
): boolean {
  return crypto.ed25519.verify(account, concatBytes(LABELS.record, signed), signature)
}

type Signed = Omit<IdentityRecordFields<DeviceCertificate | UnverifiedDeviceCertificate>, 'signature'>

function encodeSigned(record: Signed): Uint8Array {
  const values = {
    account: record.account,
    sequence: numberBytes(record.sequence),
    issuedAt: numberBytes(record.issuedAt),
    devices: record.devices.map(encodeDeviceCertificate),
    relays: record.relays.map(utf8),
    handles: record.handles.map(utf8),
    bindings: record.bindings.map(encodeBinding),
    bundles: record.bundles,
  }
  return encodeFields(SCHEMA, values, record.unknown)
}

function assertSize(size: number): void {
  if (size > MAX_RECORD_BYTES)
    throw new IdentityError('identity/too-large', { details: { size, limit: MAX_RECORD_BYTES } })
}
