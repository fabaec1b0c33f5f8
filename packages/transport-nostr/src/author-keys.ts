/**
 * The keys that publish a node's directory events: one for each of its notes, so that relays cannot tell that two are of
 * one node, and the same for as long as the secret is, so that a newer note replaces the older one.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import { importNostrKey, type NostrKey } from './key.js'
import type { Nostr } from './nostr.js'
import type { Place } from './place.js'

export const AUTHOR_SECRET_BYTES = 32

/** The key for the note number `slot` of `who` at a place. */
export type AuthorKeys = (place: Place, who: Uint8Array, slot: number) => NostrKey

export function authorKeys(nostr: Nostr, secret: Uint8Array): AuthorKeys {
  return (place, who, slot) => {
    const name = concatBytes(utf8(place.tag), who, Uint8Array.of(slot))
    return importNostrKey(nostr, nostr.crypto.hmacSha256(secret, name))
  }
}
