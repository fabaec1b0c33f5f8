/** Keys that a relay makes once and keeps: 32 random bytes by name. */
import type { Store } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'

const TABLE = 'key'
const KEY_BYTES = 32

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
