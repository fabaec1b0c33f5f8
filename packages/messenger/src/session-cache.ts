/**
 * Decoded sessions, kept beside their stored bytes.
 *
 * A decoded session remembers what it has computed: keys that were imported, tags that were searched in vain. The
 * store decides: an entry counts only if its bytes are the stored ones, so a transaction that failed leaves no trace.
 */
import { equalBytes, toHex } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { decodeSession, encodeSession, type SessionState } from '@hyphae/ratchet'
import { postQuantum } from '@hyphae/ratchet/pq'

/** About 4 KB each; a node that talks to more at once decodes again. */
const MAX_CACHED_SESSIONS = 1000

export interface SessionCache {
  /** The session of this id (hexadecimal), whose stored bytes these are. */
  decode(id: string, stored: Uint8Array): SessionState
  /** The bytes to store; the session is remembered. */
  encode(session: SessionState): Uint8Array
}

export function createSessionCache(crypto: CryptoProvider): SessionCache {
  const known = new Map<string, { readonly stored: Uint8Array; readonly session: SessionState }>()
  const remember = (id: string, session: SessionState, stored: Uint8Array): void => {
    known.delete(id)
    known.set(id, { stored, session })
    if (known.size > MAX_CACHED_SESSIONS) known.delete(known.keys().next().value as string)
  }
  return {
    decode: (id, stored) => {
      const hit = known.get(id)
      if (hit !== undefined && equalBytes(hit.stored, stored)) return hit.session
      const session = decodeSession(crypto, stored, { pq: postQuantum })
      remember(id, session, stored)
      return session
    },
    encode: (session) => {
      const stored = encodeSession(session)
      remember(toHex(session.id), session, stored)
      return stored
    },
  }
}
