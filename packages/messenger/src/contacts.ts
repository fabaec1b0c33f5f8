/**
 * Contacts: identity records found in directories, verified, pinned and kept.
 *
 * A directory only proposes. The account id is the account's key, so a record either carries its signature
 * or is nothing; a record older than the pinned one is ignored (rollback).
 */
import { type AccountId, deviceId, equalBytes, type IoOptions, type StoreTransaction } from '@hyphae/core'
import {
  accountId,
  accountKey,
  checkPin,
  type DeviceCertificate,
  decodeDeviceCertificate,
  decodeIdentityRecord,
  decodePin,
  directoryAddress,
  encodeDeviceCertificate,
  encodeIdentityRecord,
  encodePin,
  type IdentityRecord,
  newestIdentityRecord,
  verifyDeviceCertificate,
} from '@hyphae/identity'
import { type NodeContext, transact, type Work } from './context.js'
import { MessengerError } from './errors.js'
import { BUNDLE_FRESH_MS, MAX_DEVICES, RECORD_REFRESH_MS } from './limits.js'
import { lookupAddress } from './lookup.js'
import { type ContactRow, contactsTable } from './rows.js'

export interface Contact {
  readonly id: AccountId
  readonly devices: readonly DeviceCertificate[]
}

/** The contact, from the store if it is fresh, else from the directory; a stale one serves when offline. */
export async function findContact(
  context: NodeContext,
  id: AccountId,
  options?: IoOptions,
): Promise<Contact> {
  if (id === context.self.accountId) throw new MessengerError('messenger/own-account')
  const account = accountKey(id)
  const known = await contactsTable.get(context.store, id)
  if (known !== undefined && (await isFresh(context, id, known))) return readContact(context, id, known)
  const record = await lookupRecord(context, account, options).catch((error) => {
    if (known === undefined) throw error
    return undefined
  })
  if (record === undefined) {
    if (known === undefined) throw new MessengerError('messenger/unknown-account')
    return readContact(context, id, known)
  }
  const row = await transact(context, (tx) => adoptRecord(context, tx, record))
  return readContact(context, id, row)
}

/**
 * A strict node looks nobody up whom it can write to: a request at a message would show that there is one, whatever is
 * in it.
 */
async function isFresh(context: NodeContext, id: AccountId, row: ContactRow): Promise<boolean> {
  const { clock, mode, sessions, store } = context
  if (row.record.length > 0 && clock.now() - row.fetchedAt < RECORD_REFRESH_MS) return true
  if (mode !== 'strict') return false
  for (const certificate of readContact(context, id, row).devices) {
    const need = await sessions.need(store, deviceOf(certificate))
    if (need.kind === 'session' && !need.canSend) return false
  }
  return true
}

/** The newest verified record any carrier has. */
async function lookupRecord(
  context: NodeContext,
  account: Uint8Array,
  options?: IoOptions,
): Promise<IdentityRecord | undefined> {
  const candidates = await lookupAddress(context, directoryAddress(context.crypto, account), options)
  return newestIdentityRecord(context.crypto, account, candidates) ?? undefined
}

/** The prekey bundles in the contact's record, which is fetched anew when it is older than BUNDLE_FRESH_MS. Not verified. */
export async function bundlesInRecord(
  context: NodeContext,
  id: AccountId,
  options?: IoOptions,
): Promise<readonly Uint8Array[]> {
  const known = await contactsTable.get(context.store, id)
  const age = known === undefined ? Number.POSITIVE_INFINITY : context.clock.now() - known.fetchedAt
  if (known !== undefined && known.record.length > 0 && age >= 0 && age < BUNDLE_FRESH_MS)
    return decodeIdentityRecord(known.record).bundles
  const record = await lookupRecord(context, accountKey(id), options)
  if (record === undefined) throw new MessengerError('messenger/unknown-account')
  const row = await transact(context, (tx) => adoptRecord(context, tx, record))
  return decodeIdentityRecord(row.record).bundles
}

/** Keeps a verified record unless the pinned one is newer. */
async function adoptRecord(context: NodeContext, tx: Work, record: IdentityRecord): Promise<ContactRow> {
  const { crypto, clock } = context
  const id = accountId(record.account)
  const known = await contactsTable.get(tx, id)
  const pin = known === undefined || known.pin.length === 0 ? undefined : decodePin(known.pin)
  const checked = checkPin(crypto, pin, record, { now: clock.now() })
  if (known !== undefined && checked.verdict === 'stale') return known
  const row: ContactRow = {
    account: record.account,
    record: encodeIdentityRecord(record),
    certificates: record.devices.map(encodeDeviceCertificate),
    pin: encodePin(checked.pin),
    fetchedAt: clock.now(),
  }
  contactsTable.put(tx, row, id)
  if (known === undefined) tx.after(() => context.emit({ type: 'contact', account: id }))
  return row
}

/** Keeps a device met in a handshake; its certificate carries the account's signature. The newest one holds. */
export async function adoptDevice(
  context: NodeContext,
  tx: Work,
  certificate: DeviceCertificate,
): Promise<void> {
  const id = accountId(certificate.account)
  const known = await contactsTable.get(tx, id)
  const encoded = encodeDeviceCertificate(certificate)
  const devices = known?.certificates ?? []
  const sameDevice = (bytes: Uint8Array): boolean =>
    equalBytes(decodeDeviceCertificate(bytes).signing, certificate.signing)
  const present = devices.find(sameDevice)
  if (present !== undefined && decodeDeviceCertificate(present).createdAt >= certificate.createdAt) return
  const certificates = [...devices.filter((bytes) => bytes !== present), encoded].slice(-MAX_DEVICES)
  const first: ContactRow = {
    account: certificate.account,
    record: new Uint8Array(),
    certificates,
    pin: new Uint8Array(),
    fetchedAt: 0,
  }
  contactsTable.put(tx, known === undefined ? first : { ...known, certificates }, id)
  if (known === undefined) tx.after(() => context.emit({ type: 'contact', account: id }))
}

/** Contact as the store has it; undefined when it was never met. */
export async function knownContact(
  context: NodeContext,
  reader: Pick<StoreTransaction, 'get' | 'list'>,
  id: AccountId,
): Promise<Contact | undefined> {
  const row = await contactsTable.get(reader, id)
  return row === undefined ? undefined : readContact(context, id, row)
}

function readContact(context: NodeContext, id: AccountId, row: ContactRow): Contact {
  const devices = row.certificates.map((bytes) =>
    verifyDeviceCertificate(context.crypto, decodeDeviceCertificate(bytes), row.account),
  )
  return { id, devices }
}

export function deviceOf(certificate: DeviceCertificate): ReturnType<typeof deviceId> {
  return deviceId(certificate.signing)
}
