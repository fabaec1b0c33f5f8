/** The rows of the shelf, and what is read of them at the start (spec/objects.md, "Shelf"). */
import { type Clock, equalBytes, type Store, type StoreTransaction } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { ObjectsError } from './errors.js'
import { decodeHeld, encodeHeld, type Held, isComplete } from './held.js'

/** Hash. */
export const OBJECT = 'object'
/** Hash: a bit for each block. */
export const HAVE = 'object-have'
/** Hash, number. */
export const BLOCK = 'object-block'

export interface ShelfParts {
  readonly store: Store
  readonly clock: Clock
  readonly crypto: Pick<CryptoProvider, 'ed25519'>
}

/** Rows that cannot be read are deleted: what they held can be fetched again. */
export async function loadObjects({ store, crypto, clock }: ShelfParts): Promise<Map<string, Held>> {
  const have = new Map<string, Uint8Array>()
  for (const { key, value } of await store.list([HAVE])) have.set(nameOf(key[1]), value)
  const objects = new Map<string, Held>()
  const damaged: Uint8Array[] = []
  for (const { key, value } of await store.list([OBJECT])) {
    const held = heldOrNull(crypto, value, have.get(nameOf(key[1])))
    const whole = held !== null && equalBytes(held.hash, key[1] as Uint8Array)
    // An object of one's own that is not whole was being published when the process ended.
    if (!whole || (held.keeping === 'own' && !isComplete(held))) damaged.push(key[1] as Uint8Array)
    else objects.set(held.id, held)
  }
  await keepLife(store, objects.values(), clock.now())
  for (const hash of damaged)
    await store.transact(async (tx) => deleteRows(tx, hash, await blocksOf(tx, hash)))
  return objects
}

/** A clock that went back lengthens no life, neither now nor after the next start. */
export async function keepLife(store: Store, objects: Iterable<Held>, now: number): Promise<void> {
  const ahead = [...objects].filter(({ since }) => since > now)
  for (const held of ahead) held.since = now
  const stored = ahead.filter(({ memory }) => memory === undefined)
  if (stored.length > 0)
    await store.transact((tx) => {
      for (const held of stored) tx.put([OBJECT, held.hash], encodeHeld(held))
    })
}

function nameOf(part: unknown): string {
  return part instanceof Uint8Array ? part.join() : String(part)
}

function heldOrNull(
  crypto: ShelfParts['crypto'],
  row: Uint8Array,
  have: Uint8Array | undefined,
): Held | null {
  try {
    return decodeHeld(crypto, row, have)
  } catch (error) {
    if (error instanceof ObjectsError) return null
    throw error
  }
}

async function blocksOf(tx: StoreTransaction, hash: Uint8Array): Promise<number[]> {
  return (await tx.list([BLOCK, hash])).map(({ key }) => key[2] as number)
}

export function deleteRows(tx: StoreTransaction, hash: Uint8Array, blocks: Iterable<number>): void {
  tx.delete([OBJECT, hash])
  tx.delete([HAVE, hash])
  for (const block of blocks) tx.delete([BLOCK, hash, block])
}
