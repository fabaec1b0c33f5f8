/**
 * A place in the directory as Nostr sees it (spec/nostr.md, "Directory"): application data (NIP-78) that is found by a tag
 * and read with a key, both derived from what is looked up. Relays learn neither address nor writer.
 *
 *     tag  = HMAC-SHA256("hyphae nostr place", name), as the value of the event's `d` tag
 *     key  = HMAC-SHA256("hyphae nostr place key", name), in place of a conversation key
 *     name = kind of place u8 | what is looked up
 */
import { concatBytes, toHex, utf8 } from '@hyphae/core'
import { type NostrEvent, signEvent } from './event.js'
import type { Filter } from './filter.js'
import type { NostrKey } from './key.js'
import { KIND_APPLICATION_DATA } from './kinds.js'
import { decryptBytes44, encryptBytes44 } from './nip44.js'
import type { Nostr } from './nostr.js'

const TAG_LABEL = utf8('hyphae nostr place')
const KEY_LABEL = utf8('hyphae nostr place key')

export interface Place {
  /** 64 hexadecimal digits. */
  readonly tag: string
  readonly key: Uint8Array
}

/** What lies there: records at an address, the parts of a stock, or claims to its items. */
const PLACES = { records: 1, stock: 2, claims: 3 } as const

export function placeOf({ crypto }: Nostr, kind: keyof typeof PLACES, what: Uint8Array): Place {
  const name = concatBytes(Uint8Array.of(PLACES[kind]), what)
  return { tag: toHex(crypto.hmacSha256(TAG_LABEL, name)), key: crypto.hmacSha256(KEY_LABEL, name) }
}

export const filterOfPlace = ({ tag }: Place): Filter => ({
  kinds: [KIND_APPLICATION_DATA],
  tags: { d: [tag] },
})

export interface Note {
  readonly author: NostrKey
  /** Seconds since 1970; a relay replaces an author's earlier note here. */
  readonly created_at: number
  /** Seconds until relays may forget it; for good when left out. */
  readonly lifetime?: number
  readonly content: Uint8Array
}

export function sealNote(
  nostr: Nostr,
  place: Place,
  { author, created_at, lifetime, content }: Note,
): NostrEvent {
  const expiry = lifetime === undefined ? [] : [['expiration', String(created_at + lifetime)]]
  return signEvent(nostr, author, {
    kind: KIND_APPLICATION_DATA,
    created_at,
    tags: [['d', place.tag], ...expiry],
    content: encryptBytes44(nostr, place.key, content),
  })
}

export interface FoundNote {
  readonly event: NostrEvent
  readonly content: Uint8Array
}

/** Of each author the newest note, as a relay that replaces would give it; what cannot be read is passed over. */
export function openNotes(nostr: Nostr, place: Place, events: readonly NostrEvent[]): FoundNote[] {
  const newest = new Map<string, NostrEvent>()
  for (const event of events) {
    const before = newest.get(event.pubkey)
    if (before === undefined || isNewer(event, before)) newest.set(event.pubkey, event)
  }
  return [...newest.values()].flatMap((event) => {
    try {
      return [{ event, content: decryptBytes44(nostr, place.key, event.content).slice() }]
    } catch {
      // Whoever knows the place may write there; what they wrote is nothing.
      return []
    }
  })
}

/** NIP-01: of two of one second that with the lower id. */
export function isNewer(a: NostrEvent, b: NostrEvent): boolean {
  return a.created_at > b.created_at || (a.created_at === b.created_at && a.id < b.id)
}
