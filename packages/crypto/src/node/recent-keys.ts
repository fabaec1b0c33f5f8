/**
 * The public keys imported last, as native handles: a ratchet uses each of its peer's keys twice in a row and a
 * handshake four times, and an import costs a sixth of a DH. Public bytes only, so a comparison need hide nothing.
 */

import type { KeyObject } from 'node:crypto'
import { equalBytes } from '@hyphae/core'
import { RECENT_PUBLIC_KEYS } from '../limits.js'

/** The same as `importKey`, which is called for keys that were not among the last RECENT_PUBLIC_KEYS. */
export function recentKeys(
  importKey: (publicKey: Uint8Array) => KeyObject,
): (publicKey: Uint8Array) => KeyObject {
  const known: { readonly bytes: Uint8Array; readonly handle: KeyObject }[] = []
  let next = 0
  return (publicKey) => {
    for (const { bytes, handle } of known) if (equalBytes(bytes, publicKey)) return handle
    const handle = importKey(publicKey)
    known[next] = { bytes: Uint8Array.from(publicKey), handle }
    next = (next + 1) % RECENT_PUBLIC_KEYS
    return handle
  }
}
