/**
 * A stored session: its snapshot behind what decides whether it sends (spec/session.md, "Rows"). Holds secrets.
 *
 *   version u8 | flags u8: 1 confirmed | made in generation u48 | archived u48, 0 while it sends
 *   | unanswered sends u8 | since u48 | snapshot
 */
import type { SessionCrypto } from '@hyphae/crypto'
import { byteReader, byteWriter } from '../bytes.js'
import { RatchetError } from '../errors.js'
import type { PostQuantum } from '../post-quantum.js'
import type { SessionState } from '../session.js'
import { decodeSession, encodeSession } from '../session-snapshot.js'

const VERSION = 1
const CONFIRMED = 1
const HEAD_BYTES = 1 + 1 + 6 + 6 + 1 + 6

export interface SessionRow {
  readonly session: SessionState
  /** A message was opened in it: the peer has it too. */
  readonly confirmed: boolean
  /** Generation of the store in which it was made. */
  readonly born: number
  /** Milliseconds; 0 while it is the one that sends. */
  readonly archivedAt: number
  /** Transactions that sent in it since a message was opened in it; 255 stands for more. */
  readonly unanswered: number
  /** When the first of them was, or the second once there are two. */
  readonly unansweredAt: number
}

export function encodeRow(row: SessionRow): Uint8Array {
  const snapshot = encodeSession(row.session)
  return byteWriter(HEAD_BYTES + snapshot.length)
    .u8(VERSION)
    .u8(row.confirmed ? CONFIRMED : 0)
    .time(row.born)
    .time(row.archivedAt)
    .u8(row.unanswered)
    .time(row.unansweredAt)
    .bytes(snapshot)
    .done()
}

/** @throws RatchetError `ratchet/bad-snapshot`, `ratchet/unsupported-version` */
export function decodeRow(
  crypto: SessionCrypto,
  bytes: Uint8Array,
  options: { readonly pq?: PostQuantum },
): SessionRow {
  const reader = byteReader(bytes.subarray(0, HEAD_BYTES), 'ratchet/bad-snapshot')
  const version = reader.u8()
  if (version !== VERSION) throw new RatchetError('ratchet/unsupported-version', { details: { version } })
  const flags = reader.u8()
  if (flags > CONFIRMED) throw new RatchetError('ratchet/bad-snapshot', { details: { flags } })
  const head = {
    confirmed: flags === CONFIRMED,
    born: reader.time(),
    archivedAt: reader.time(),
    unanswered: reader.u8(),
    unansweredAt: reader.time(),
  }
  return { ...head, session: decodeSession(crypto, bytes.subarray(HEAD_BYTES), options) }
}
