/**
 * A stored session: its snapshot behind what decides whether it sends (spec/session.md, "Rows"). Holds secrets.
 *
 *   version u8 | made in generation u48 | archived u48, 0 while it sends
 *   | heard u48, 0 while never | unanswered sends u8 | since u48 | snapshot
 */
import type { SessionCrypto } from '@hyphae/crypto'
import { bytes as bytesOf, type Codec, decode, encode, struct, time, u8 } from '../codec.js'
import type { PostQuantum } from '../post-quantum.js'
import type { SessionState } from '../session.js'
import { decodeSession, encodeSession } from '../session-snapshot.js'
import { checkVersion } from './version.js'

const VERSION = 1
const HEAD_BYTES = 1 + 6 + 6 + 6 + 1 + 6

export interface SessionRow {
  readonly session: SessionState
  /** Generation of the store in which it was made. */
  readonly born: number
  /** Milliseconds; 0 while it is the one that sends. */
  readonly archivedAt: number
  /** Milliseconds when a message was last opened in it; 0 while none was. */
  readonly heardAt: number
  /** Transactions that sent in it since a message was opened in it; 255 stands for more. */
  readonly unanswered: number
  /** When the first of them was, or the second once there are two. */
  readonly unansweredAt: number
}

type StoredRow = Omit<SessionRow, 'session'> & { readonly version: number; readonly snapshot: Uint8Array }

const ROW: Codec<StoredRow> = /* @__PURE__ */ struct({
  version: u8,
  born: time,
  archivedAt: time,
  heardAt: time,
  unanswered: u8,
  unansweredAt: time,
  snapshot: /* @__PURE__ */ bytesOf(),
})

export function encodeRow(row: SessionRow): Uint8Array {
  const snapshot = encodeSession(row.session)
  return encode(ROW, { ...row, version: VERSION, snapshot }, HEAD_BYTES + snapshot.length)
}

/** A session as it is first stored. */
export function newRow(session: SessionState, born: number): SessionRow {
  return { session, born, archivedAt: 0, heardAt: 0, unanswered: 0, unansweredAt: 0 }
}

/** A message was opened in it: the peer has it too. */
export function isConfirmed(row: Pick<SessionRow, 'heardAt'>): boolean {
  return row.heardAt !== 0
}

/** @throws RatchetError `ratchet/bad-snapshot`, `ratchet/unsupported-version` */
export function decodeRow(
  crypto: SessionCrypto,
  bytes: Uint8Array,
  options: { readonly pq?: PostQuantum },
): SessionRow {
  checkVersion(bytes, VERSION)
  const { version, snapshot, ...row } = decode(ROW, bytes, 'ratchet/bad-snapshot')
  return { ...row, session: decodeSession(crypto, snapshot, options) }
}
