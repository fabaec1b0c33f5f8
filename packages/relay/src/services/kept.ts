/** What relays of one store agree on because the first of them has made it. */
import type { Clock, Store } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { ServiceRows } from '../engine/rows.js'

const TABLE = 'key'
const KEY_BYTES = 32
const STORE_NAME = 'store-name'
const STORE_NAME_BYTES = 16

/** A key of 32 random bytes, by name. */
export function keptKey(
  { store, crypto }: { readonly store: Store; readonly crypto: CryptoProvider },
  name: string,
): Promise<Uint8Array> {
  return store.transact(async (tx) => {
    const held = await tx.get([TABLE, name])
    if (held !== undefined) return held
    const made = crypto.randomBytes(KEY_BYTES)
    tx.put([TABLE, name], made)
    return made.slice()
  })
}

/** Names the positions that this store gives out, so that nobody takes them for those of another. No secret. */
export async function storeName(
  rows: ServiceRows,
  crypto: Pick<CryptoProvider, 'randomBytes'>,
): Promise<Uint8Array> {
  for (;;) {
    const held = await rows.get(STORE_NAME)
    if (held !== undefined) return held.value
    // Whoever is first has named it.
    await rows.put(STORE_NAME, crypto.randomBytes(STORE_NAME_BYTES), 0)
  }
}

/** True for one relay at a time: for `ms`, nobody else has this turn. */
export async function takeTurn(rows: ServiceRows, clock: Clock, name: string, ms: number): Promise<boolean> {
  const key = `turn.${name}`
  if ((await rows.get(key)) !== undefined) return false
  return (await rows.put(key, Uint8Array.of(1), 0, clock.now() + ms)) !== undefined
}
