/**
 * Decoded sessions, kept beside their stored bytes.
 *
 * A decoded session remembers what it has computed: keys that were imported, tags that were searched in vain. The
 * store decides: an entry counts only if its bytes are the stored ones, so a transaction that failed leaves no trace.
 */
import { equalBytes } from '@hyphae/core'
import { MAX_CACHED_SESSIONS } from './limits.js'
import { encodeRow, type SessionRow } from './session-row.js'

export interface SessionCache {
  /** The row of this name, whose stored bytes these are. */
  decode(name: string, stored: Uint8Array): SessionRow
  /** The bytes to store; the row is remembered. */
  encode(name: string, row: SessionRow): Uint8Array
  forget(name: string): void
}

export function createSessionCache(decode: (stored: Uint8Array) => SessionRow): SessionCache {
  const known = new Map<string, { readonly stored: Uint8Array; readonly row: SessionRow }>()
  const remember = (name: string, row: SessionRow, stored: Uint8Array): void => {
    known.delete(name)
    known.set(name, { stored, row })
    if (known.size > MAX_CACHED_SESSIONS) known.delete(known.keys().next().value as string)
  }
  return {
    decode: (name, stored) => {
      const hit = known.get(name)
      if (hit !== undefined && equalBytes(hit.stored, stored)) return hit.row
      const row = decode(stored)
      remember(name, row, stored)
      return row
    },
    encode: (name, row) => {
      const stored = encodeRow(row)
      remember(name, row, stored)
      return stored
    },
    forget: (name) => void known.delete(name),
  }
}
