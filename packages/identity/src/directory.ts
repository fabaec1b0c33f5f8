/**
 * Identity records and stock items as a directory keeps them. spec/identity.md section 8.
 *
 * The address, and the keys that seal bodies and items, derive from the account's public key, so a carrier
 * learns neither the account nor its handles. Knows no carrier; spec/directory.md is about those.
 */
import { concatBytes, type DirectoryRecord, equalBytes, isHyphaeError } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { signDirectoryRecord, verifyDirectoryRecord } from '@hyphae/tlv'
import type { AccountKeys } from './account.js'
import { IdentityError } from './errors.js'
import { LABELS } from './labels.js'
import { MAX_CANDIDATES } from './limits.js'
import {
  decodeIdentityRecord,
  encodeIdentityRecord,
  type IdentityRecord,
  isSignedByAccount,
  splitIdentityRecord,
  verifyIdentityRecord,
} from './record.js'
import { deriveFromAccount, open, seal } from './sealed.js'

/** Where an account's records are: 32 bytes that say nothing to who does not know the account. */
export function directoryAddress(crypto: CryptoProvider, accountPublicKey: Uint8Array): Uint8Array {
  return deriveFromAccount(crypto, accountPublicKey, LABELS.directoryAddress)
}

/**
 * Seals a record for its address and signs it as `writer`, with the record's own sequence.
 * @throws IdentityError `identity/wrong-account`
 */
export function sealIdentityRecord(
  crypto: CryptoProvider,
  account: AccountKeys,
  writer: Ed25519PrivateKey,
  record: IdentityRecord,
): DirectoryRecord {
  const publicKey = account.signing.publicKey
  if (!equalBytes(record.account, publicKey)) throw new IdentityError('identity/wrong-account')
  const address = directoryAddress(crypto, publicKey)
  const key = deriveFromAccount(crypto, publicKey, LABELS.directoryBody)
  const body = seal(crypto, key, encodeIdentityRecord(record), concatBytes(address, writer.publicKey))
  return signDirectoryRecord(crypto, writer, { address, sequence: record.sequence, body })
}

/**
 * The verified record in a directory record. Null when the account signed nothing in it: another address, a
 * forged or damaged entry, someone else's words; a carrier may offer any number of those.
 * @throws IdentityError, TlvError, CoreError when the account did sign it and it still breaks a rule
 */
export function openIdentityRecord(
  crypto: CryptoProvider,
  accountPublicKey: Uint8Array,
  directoryRecord: DirectoryRecord,
): IdentityRecord | null {
  const { address, writer, body } = directoryRecord
  if (!equalBytes(address, directoryAddress(crypto, accountPublicKey))) return null
  if (!verifyDirectoryRecord(crypto, directoryRecord)) return null
  const key = deriveFromAccount(crypto, accountPublicKey, LABELS.directoryBody)
  const encoded = open(crypto, key, body, concatBytes(address, writer))
  if (!encoded || !isAccountsOwn(crypto, accountPublicKey, encoded)) return null
  const record = verifyIdentityRecord(crypto, decodeIdentityRecord(encoded), accountPublicKey)
  if (record.sequence !== directoryRecord.sequence)
    throw new IdentityError('identity/bad-record', { details: { field: 'sequence' } })
  return record
}

/** The signature is checked before anything is read, so that only the account's own words can throw. */
function isAccountsOwn(crypto: CryptoProvider, account: Uint8Array, encoded: Uint8Array): boolean {
  try {
    const { signed, signature } = splitIdentityRecord(encoded)
    return isSignedByAccount(crypto, account, signed, signature)
  } catch (error) {
    if (isHyphaeError(error)) return false
    throw error
  }
}

/**
 * The verified record with the highest sequence among what carriers offer, at most 16 candidates looked at;
 * null when there is none. Candidates that are broken are passed over.
 */
export function newestIdentityRecord(
  crypto: CryptoProvider,
  accountPublicKey: Uint8Array,
  candidates: readonly DirectoryRecord[],
): IdentityRecord | null {
  let newest: IdentityRecord | null = null
  for (const candidate of candidates.slice(0, MAX_CANDIDATES)) {
    const record = openOrSkip(crypto, accountPublicKey, candidate)
    if (record && record.sequence > (newest?.sequence ?? 0)) newest = record
  }
  return newest
}

function openOrSkip(
  crypto: CryptoProvider,
  accountPublicKey: Uint8Array,
  candidate: DirectoryRecord,
): IdentityRecord | null {
  try {
    return openIdentityRecord(crypto, accountPublicKey, candidate)
  } catch (error) {
    if (isHyphaeError(error)) return null
    throw error
  }
}

/**
 * Seals a prekey bundle or KeyPackage for the stock of the device whose directory key is `writer` (32 bytes).
 * @throws IdentityError `identity/too-large`
 */
export function sealStockItem(
  crypto: CryptoProvider,
  accountPublicKey: Uint8Array,
  writer: Uint8Array,
  item: Uint8Array,
): Uint8Array {
  return seal(crypto, deriveFromAccount(crypto, accountPublicKey, LABELS.stockItem, writer), item, writer)
}

/** The item, not yet verified; null when it was not sealed for this account and device. */
export function openStockItem(
  crypto: CryptoProvider,
  accountPublicKey: Uint8Array,
  writer: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  return open(crypto, deriveFromAccount(crypto, accountPublicKey, LABELS.stockItem, writer), sealed, writer)
}
