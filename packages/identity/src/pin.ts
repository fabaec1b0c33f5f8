/**
 * Pins: which key a contact had, so that another one is noticed. spec/identity.md section 9.
 *
 *   no pin            → new      pinned as it is
 *   same record       → same
 *   higher sequence   → newer    the pin moves on
 *   any other record  → stale    refused: a rollback, or two records with one sequence
 *   other account     → changed  blocked; the old pin is kept until a person decides
 *
 * Pure: the caller stores what comes back. A pin holds the hash of the record that was checked, so that
 * another record put in its place between check and use is noticed too.
 */
import { concatBytes, equalBytes } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { IdentityError } from './errors.js'
import { normalizeHandle } from './handle.js'
import { LABELS } from './labels.js'
import { encodeIdentityRecord, type IdentityRecord } from './record.js'

/** One record of one account, by hash. */
export interface PinnedRecord {
  /** Ed25519 public key, 32 bytes. */
  readonly account: Uint8Array
  readonly sequence: number
  /** `identityRecordHash`, 32 bytes. */
  readonly record: Uint8Array
}

export interface Pin extends PinnedRecord {
  /** What the contact was looked up by; absent when that was the account id itself. */
  readonly handle?: string
  /** Milliseconds since 1970 when this account was pinned. */
  readonly firstSeen: number
  /** False while a change waits for a decision: nothing may be sent or shown as genuine. */
  readonly approved: boolean
  /** The other account that was seen last, while not approved. */
  readonly pending?: PinnedRecord
}

export type PinVerdict = 'new' | 'same' | 'newer' | 'stale' | 'changed'

export interface PinCheck {
  readonly verdict: PinVerdict
  /** To be stored. Blocked (`approved: false`) stays blocked whatever is seen next. */
  readonly pin: Pin
}

export interface PinContext {
  /** Milliseconds since 1970. */
  readonly now: number
  /** What the record was found under, if it was a handle. */
  readonly handle?: string
}

/** SHA-256 over the label and the encoded record. */
export function identityRecordHash(crypto: CryptoProvider, record: IdentityRecord): Uint8Array {
  return crypto.sha256(concatBytes(LABELS.recordHash, encodeIdentityRecord(record)))
}

/**
 * Compares a verified record with the pin of the contact it was found for.
 * @throws IdentityError `identity/handle-not-claimed` when the record does not name the handle,
 *   `identity/pin-mismatch` when the pin belongs to another handle
 */
export function checkPin(
  crypto: CryptoProvider,
  pin: Pin | undefined,
  record: IdentityRecord,
  context: PinContext,
): PinCheck {
  const handle = context.handle === undefined ? undefined : normalizeHandle(context.handle)
  if (handle !== undefined && !record.handles.includes(handle))
    throw new IdentityError('identity/handle-not-claimed')
  const seen = pinnedRecord(crypto, record)
  if (!pin) return { verdict: 'new', pin: freshPin(seen, handle, context.now) }
  if (pin.handle !== handle) throw new IdentityError('identity/pin-mismatch')
  if (!equalBytes(pin.account, record.account))
    return { verdict: 'changed', pin: { ...pin, approved: false, pending: seen } }
  if (equalBytes(pin.record, seen.record)) return { verdict: 'same', pin }
  if (record.sequence <= pin.sequence) return { verdict: 'stale', pin }
  return { verdict: 'newer', pin: { ...pin, ...seen } }
}

/**
 * A person has accepted the new account: the pin moves to it. `record` must be the one last reported as
 * changed, so what was shown is what is approved.
 * @throws IdentityError `identity/pin-mismatch`
 */
export function approvePin(
  crypto: CryptoProvider,
  pin: Pin,
  record: IdentityRecord,
  { now }: { readonly now: number },
): Pin {
  const seen = pinnedRecord(crypto, record)
  if (!pin.pending || !equalBytes(pin.pending.record, seen.record))
    throw new IdentityError('identity/pin-mismatch')
  return freshPin(seen, pin.handle, now)
}

/** A person has refused the new account: the old one stays pinned and is usable again. */
export function keepPin(pin: Pin): Pin {
  const { pending: _refused, ...kept } = pin
  return { ...kept, approved: true }
}

/**
 * Call it with the record about to be used, for sending and for receiving.
 * @throws IdentityError `identity/pin-blocked` while a change waits, `identity/pin-mismatch` when it is not the
 *   record that was checked
 */
export function assertPinned(crypto: CryptoProvider, pin: Pin, record: IdentityRecord): void {
  if (!pin.approved) throw new IdentityError('identity/pin-blocked')
  const isPinned =
    equalBytes(pin.account, record.account) && equalBytes(pin.record, identityRecordHash(crypto, record))
  if (!isPinned) throw new IdentityError('identity/pin-mismatch')
}

function pinnedRecord(crypto: CryptoProvider, record: IdentityRecord): PinnedRecord {
  return { account: record.account, sequence: record.sequence, record: identityRecordHash(crypto, record) }
}

function freshPin(seen: PinnedRecord, handle: string | undefined, now: number): Pin {
  return { ...seen, ...(handle === undefined ? {} : { handle }), firstSeen: now, approved: true }
}
