/**
 * The newest version of each mutable object that was ever heard of, so that an older one never comes back
 * (spec/objects.md, "Mutable objects"). Outlives the versions themselves, until none of them could still live.
 */
import { compareBytes, fromHex, type StoreReader, type StoreTransaction, toHex } from '@hyphae/core'
import { readU64, writeU64 } from '@hyphae/tlv'
import { HASH_BYTES } from './hash.js'
import type { Held } from './held.js'
import { MAX_OBJECTS } from './limits.js'

const TABLE = 'object-slot'
const ROW_BYTES: number = 16 + HASH_BYTES

interface Slot {
  readonly sequence: number
  readonly hash: Uint8Array
  /** No version that was heard of lives longer. */
  readonly until: number
}

export type Slots = Map<string, Slot>

/** A row that cannot be read says nothing: its slot starts anew. */
export async function loadSlots(store: StoreReader): Promise<Slots> {
  const slots: Slots = new Map()
  for (const { key, value } of await store.list([TABLE])) {
    const [, slot] = key
    if (!(slot instanceof Uint8Array) || value.length !== ROW_BYTES) continue
    const hash = value.slice(16)
    slots.set(toHex(slot), { sequence: readU64(value, 0), until: readU64(value, 8), hash })
  }
  return slots
}

/** True when `held` is not a version that another one has replaced. */
export function isCurrent(slots: Slots, held: Held): boolean {
  const known = held.slot === undefined ? undefined : slots.get(held.slot)
  const { sequence } = held.header
  if (known === undefined || sequence === undefined) return true
  if (sequence !== known.sequence) return sequence > known.sequence
  // One owner, two versions of one sequence: every node keeps the same one, whichever it saw first.
  return compareBytes(held.hash, known.hash) <= 0
}

/** Call what it returns after the commit. */
export function moveSlot(tx: StoreTransaction, slots: Slots, held: Held): () => void {
  const { slot } = held
  const { sequence } = held.header
  if (slot === undefined || sequence === undefined) return () => {}
  const until = Math.max(slots.get(slot)?.until ?? 0, Math.floor(held.since + held.lifeMs))
  const row = new Uint8Array(ROW_BYTES)
  writeU64(row, 0, sequence)
  writeU64(row, 8, until)
  row.set(held.hash, 16)
  tx.put([TABLE, fromHex(slot)], row)
  const oldest = slots.size >= MAX_OBJECTS && !slots.has(slot) ? slots.keys().next().value : undefined
  if (oldest !== undefined) tx.delete([TABLE, fromHex(oldest)])
  return () => {
    if (oldest !== undefined) slots.delete(oldest)
    slots.set(slot, { sequence, hash: held.hash, until })
  }
}

/** Slots none of whose versions could still live. */
export function deadSlots(slots: Slots, now: number): string[] {
  return [...slots].flatMap(([slot, { until }]) => (until < now ? [slot] : []))
}

export function deleteSlot(tx: StoreTransaction, slot: string): void {
  tx.delete([TABLE, fromHex(slot)])
}
