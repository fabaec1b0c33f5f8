/**
 * Claims to the items of a stock (spec/nostr.md, "Stock"). No relay hands an item out once, so who wants one says so where
 * others look first, and looks whether somebody else has said the same.
 *
 *     note = 3 claimed or 4 released | digest of the upload 32 | index of the item u16, little-endian
 */
import { toHex } from '@hyphae/core'
import type { FoundNote } from './place.js'

const TYPES = { claimed: 3, released: 4 } as const
const INDEX_AT = 33
const CLAIM_BYTES = 35

/** Names one item of one upload. */
export interface ItemName {
  /** 64 hexadecimal digits. */
  readonly digest: string
  readonly index: number
}

export const itemKey = ({ digest, index }: ItemName): string => `${digest}/${index}`

export function encodeClaim(state: keyof typeof TYPES, digest: Uint8Array, index: number): Uint8Array {
  const note = new Uint8Array(CLAIM_BYTES)
  note[0] = TYPES[state]
  note.set(digest, 1)
  new DataView(note.buffer).setUint16(INDEX_AT, index, true)
  return note
}

/** Who claims each item and has not released it, by the item's key. */
export function readClaims(notes: readonly FoundNote[]): Map<string, Set<string>> {
  const claims = new Map<string, Set<string>>()
  for (const { content, event } of notes) {
    if (content.length !== CLAIM_BYTES || content[0] !== TYPES.claimed) continue
    const index = (content[INDEX_AT] as number) | ((content[INDEX_AT + 1] as number) << 8)
    const item = itemKey({ digest: toHex(content.subarray(1, INDEX_AT)), index })
    claims.set(item, (claims.get(item) ?? new Set()).add(event.pubkey))
  }
  return claims
}
