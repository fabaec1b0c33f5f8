/**
 * What is kept of a device beside its sessions (spec/session.md, "Rows"): its pinned identity, which session sends,
 * and how often either side has begun anew.
 *
 *   version u8 | flags u8: 1 a session sends | signing 32 | agreement 32 | sending session's id 16
 *   | opened elsewhere u8 | begun u8 | begun at u48 | accepted u8 | accepted at u48
 */
import { equalBytes, fromHex, type StoreReader, type StoreTransaction, toHex } from '@hyphae/core'
import {
  bytes as bytesOf,
  type Codec,
  checked,
  decode,
  encode,
  key,
  mapped,
  struct,
  time,
  u8,
} from '../codec.js'
import type { PeerKeys } from '../device-keys.js'
import { RatchetError } from '../errors.js'
import { SESSION_ID_BYTES } from '../session.js'
import type { Tables } from './tables.js'
import { checkVersion } from './version.js'

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

type StoredPeer = Omit<PeerRow, 'current'> & {
  readonly version: number
  readonly flags: number
  readonly id: string
}

const ROW: Codec<StoredPeer> = /* @__PURE__ */ struct({
  version: u8,
  flags: /* @__PURE__ */ checked(u8, (flags) => flags <= SENDS),
  pin: /* @__PURE__ */ struct<PeerKeys>({ signing: key, agreement: key }),
  id: /* @__PURE__ */ mapped(bytesOf(SESSION_ID_BYTES), toHex, fromHex),
  elsewhere: u8,
  begun: u8,
  begunAt: time,
  accepted: u8,
  acceptedAt: time,
})

export function encodePeer(row: PeerRow): Uint8Array {
  const flags = row.current === null ? 0 : SENDS
  return encode(ROW, { ...row, version: VERSION, flags, id: row.current ?? NO_ID }, ROW_BYTES)
}

/** @throws RatchetError `ratchet/bad-snapshot`, `ratchet/unsupported-version` */
export function decodePeer(bytes: Uint8Array): PeerRow {
  checkVersion(bytes, VERSION)
  const { version, flags, id, ...row } = decode(ROW, bytes, 'ratchet/bad-snapshot')
  const sends = flags === SENDS
  if (!sends && id !== NO_ID) throw new RatchetError('ratchet/bad-snapshot', { details: { flags } })
  return { ...row, current: sends ? id : null }
}
