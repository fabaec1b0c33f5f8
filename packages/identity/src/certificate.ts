/**
 * Device certificates: the account says which keys one device has. spec/identity.md section 5.
 *
 *   certificate = TLV fields ‖ signature record
 *   signature   = Ed25519(account, label ‖ TLV fields)
 *
 * Unverified and verified certificates are different types; only `verifyDeviceCertificate` and
 * `certifyDevice` make the latter. Knows nothing of lists or revocation: that is the identity record.
 */
import { type Brand, concatBytes, equalBytes } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { defineSchema, encodeFields, readFields, splitLast, type TlvRecord } from '@hyphae/tlv'
import type { AccountKeys } from './account.js'
import type { DeviceKeySet } from './device.js'
import { IdentityError } from './errors.js'
import { LABELS } from './labels.js'
import { KEY_BYTES, MAX_CERTIFICATE_BYTES, SIGNATURE_BYTES } from './limits.js'
import {
  assertDistinct,
  assertKeys,
  NUMBER_BYTES,
  numberBytes,
  readNumber,
  SIGNATURE_TYPE,
  withSignature,
} from './signed.js'

/** Keys are 32 bytes. */
export interface DeviceCertificateFields {
  readonly account: Uint8Array
  /** Ed25519; names the device. */
  readonly signing: Uint8Array
  /** X25519 */
  readonly agreement: Uint8Array
  /** Ed25519 */
  readonly mls: Uint8Array
  /** X25519 */
  readonly intro: Uint8Array
  /** Ed25519; the id of the intro mailbox. */
  readonly introBox: Uint8Array
  /** Ed25519 */
  readonly directory: Uint8Array
  /** Milliseconds since 1970 by the account's clock; for showing. */
  readonly createdAt: number
  /** Non-critical fields of later versions, kept so that the signature still covers them. */
  readonly unknown: readonly TlvRecord[]
  readonly signature: Uint8Array
}

/** As it came from outside: its keys must not be used. */
export type UnverifiedDeviceCertificate = Brand<DeviceCertificateFields, 'UnverifiedDeviceCertificate'>
export type DeviceCertificate = Brand<DeviceCertificateFields, 'DeviceCertificate'>

const SCHEMA = defineSchema([
  { type: 1, name: 'account', size: KEY_BYTES },
  { type: 2, name: 'signing', size: KEY_BYTES },
  { type: 3, name: 'agreement', size: KEY_BYTES },
  { type: 4, name: 'mls', size: KEY_BYTES },
  { type: 5, name: 'intro', size: KEY_BYTES },
  { type: 6, name: 'introBox', size: KEY_BYTES },
  { type: 7, name: 'directory', size: KEY_BYTES },
  { type: 8, name: 'createdAt', size: NUMBER_BYTES },
])

/** @throws IdentityError `identity/bad-key`, `identity/duplicate-key` */
export function certifyDevice(
  crypto: CryptoProvider,
  account: AccountKeys,
  deviceKeys: DeviceKeySet,
  { now }: { readonly now: number },
): DeviceCertificate {
  const fields = {
    account: account.signing.publicKey,
    signing: deviceKeys.signing.publicKey,
    agreement: deviceKeys.agreement.publicKey,
    mls: deviceKeys.mls.publicKey,
    intro: deviceKeys.intro.publicKey,
    introBox: deviceKeys.introBox.publicKey,
    directory: deviceKeys.directory.publicKey,
    createdAt: now,
    unknown: [],
  }
  assertUsableKeys(fields)
  const signature = crypto.ed25519.sign(account.signing, signedBytes(fields))
  return { ...fields, signature } as unknown as DeviceCertificate
}

/** The canonical bytes, 314 without unknown fields. */
export function encodeDeviceCertificate(
  certificate: DeviceCertificate | UnverifiedDeviceCertificate,
): Uint8Array {
  return withSignature(encodeSigned(certificate), certificate.signature)
}

/**
 * Reads the shape only. The result shares no memory with `input`.
 * @throws IdentityError `identity/too-large`, `identity/bad-certificate`; TlvError for malformed records
 */
export function decodeDeviceCertificate(input: Uint8Array): UnverifiedDeviceCertificate {
  if (input.length > MAX_CERTIFICATE_BYTES)
    throw new IdentityError('identity/too-large', {
      details: { size: input.length, limit: MAX_CERTIFICATE_BYTES },
    })
  const { signed, value: signature } = splitLast(input.slice(), SIGNATURE_TYPE)
  if (signature.length !== SIGNATURE_BYTES) throw new IdentityError('identity/bad-certificate')
  const { values, unknown } = readFields(signed, SCHEMA)
  const fields = { ...values, createdAt: readNumber(values.createdAt), unknown, signature }
  return fields as unknown as UnverifiedDeviceCertificate
}

/**
 * The same certificate, verified: every key canonical and used once, signed by its account, and by
 * `expectedAccount` when given. Without it, the caller must decide by `account` whose device this is.
 * @throws IdentityError `identity/wrong-account`, `identity/bad-key`, `identity/duplicate-key`, `identity/bad-signature`
 */
export function verifyDeviceCertificate(
  crypto: CryptoProvider,
  unverified: UnverifiedDeviceCertificate,
  expectedAccount?: Uint8Array,
): DeviceCertificate {
  if (expectedAccount && !equalBytes(unverified.account, expectedAccount))
    throw new IdentityError('identity/wrong-account')
  assertUsableKeys(unverified)
  if (!crypto.ed25519.verify(unverified.account, signedBytes(unverified), unverified.signature))
    throw new IdentityError('identity/bad-signature')
  return unverified as unknown as DeviceCertificate
}

type Signed = Omit<DeviceCertificateFields, 'signature'>

/** All seven keys of a certificate, the account's first. */
export function certificateKeys(certificate: Signed): readonly Uint8Array[] {
  const { account, signing, agreement, mls, intro, introBox, directory } = certificate
  return [account, signing, agreement, mls, intro, introBox, directory]
}

function assertUsableKeys(certificate: Signed): void {
  const { account, signing, agreement, mls, intro, introBox, directory } = certificate
  assertKeys([account, signing, mls, introBox, directory], [agreement, intro])
  assertDistinct(certificateKeys(certificate))
}

function encodeSigned(certificate: Signed): Uint8Array {
  const { unknown, createdAt, ...keys } = certificate
  return encodeFields(SCHEMA, { ...keys, createdAt: numberBytes(createdAt) }, unknown)
}

function signedBytes(certificate: Signed): Uint8Array {
  return concatBytes(LABELS.certificate, encodeSigned(certificate))
}
