/**
 * What is kept of a device beside its sessions (spec/session.md, "Rows"): its pinned identity, which session sends,
 * and how often either side has begun anew.
 *
 *   version u8 | flags u8: 1 a session sends | signing 32 | agreement 32 | sending session's id 16
 *   | opened elsewhere u8 | begun u8 | begun at u48 | accepted u8 | accepted at u48
 */
import { equalBytes, fromHex, type StoreReader, type StoreTransaction, toHex } from '@hyphae/core'
import { byteReader, byteWriter } from '../bytes.js'
import type { PeerKeys } from '../device-keys.js'
import { RatchetError } from '../errors.js'
import { SESSION_ID_BYTES } from '../initiate.js'
import type { Tables } from './tables.js'

const VERSION = 1
const SENDS = 1
const ROW_BYTES = 1 + 1 + 64 + SESSION_ID_BYTES + 1 + 1 + 6 + 1 + 6
const NO_ID = '00'.repeat(SESSION_ID_BYTES)
export const MAX_U8 = 0xff

export interface PeerRow {
  readonly pin: PeerKeys
  /** Id of the session that sends, hexadecimal; null when none may. */
  readonly current: string | null
  /** Messages opened in other sessions since one was opened in the sending one. */
  readonly elsewhere: number
  /** Sessions begun since a message was opened in any. */
  readonly begun: number
  readonly begunAt: number
  /** Level of the bucket of accepted handshakes, and when it last changed. */
  readonly accepted: number
  readonly acceptedAt: number
}

export function newPeer(pin: PeerKeys): PeerRow {
  return { pin, current: null, elsewhere: 0, begun: 0, begunAt: 0, accepted: 0, acceptedAt: 0 }
}

export function samePeer(a: PeerKeys, b: PeerKeys): boolean {
  return equalBytes(a.signing, b.signing) && equalBytes(a.agreement, b.agreement)
}

export async function readPeer(
  reader: StoreReader,
  tables: Tables,
  device: string,
): Promise<PeerRow | undefined> {
  const bytes = await reader.get(tables.peer(device))
  return bytes === undefined ? undefined : decodePeer(bytes)
}

export function writePeer(tx: StoreTransaction, tables: Tables, device: string, row: PeerRow): void {
  tx.put(tables.peer(device), encodePeer(row))
}

export function encodePeer(row: PeerRow): Uint8Array {
  const writer = byteWriter(ROW_BYTES)
    .u8(VERSION)
    .u8(row.current === null ? 0 : SENDS)
    .bytes(row.pin.signing)
    .bytes(row.pin.agreement)
    .bytes(fromHex(row.current ?? NO_ID))
    .u8(row.elsewhere)
    .u8(row.begun)
    .time(row.begunAt)
    .u8(row.accepted)
    .time(row.acceptedAt)
  return writer.done()
}

/** @throws RatchetError `ratchet/bad-snapshot`, `ratchet/unsupported-version` */
export function decodePeer(bytes: Uint8Array): PeerRow {
  const reader = byteReader(bytes, 'ratchet/bad-snapshot')
  const version = reader.u8()
  if (version !== VERSION) throw new RatchetError('ratchet/unsupported-version', { details: { version } })
  const flags = reader.u8()
  const pin = { signing: reader.bytes(32), agreement: reader.bytes(32) }
  const id = toHex(reader.bytes(SESSION_ID_BYTES))
  const sends = flags === SENDS
  if (flags > SENDS || (!sends && id !== NO_ID)) {
    throw new RatchetError('ratchet/bad-snapshot', { details: { flags } })
  }
  const row = {
    pin,
    current: sends ? id : null,
    elsewhere: reader.u8(),
    begun: reader.u8(),
    begunAt: reader.time(),
    accepted: reader.u8(),
    acceptedAt: reader.time(),
  }
  reader.end()
  return row
}
