/** Keys that requests to this relay are sealed to: a new one each epoch, the two before still opened. */
import type { Clock, Store } from '@hyphae/core'
import type { CryptoProvider, X25519PrivateKey } from '@hyphae/crypto'
import { HOP_KEY_EPOCH_MS } from '../limits.js'

const TABLE = 'hop-key'
const KEPT_EPOCHS = 3

export interface HopKeys {
  /** The newest first. */
  all(): readonly X25519PrivateKey[]
  /** Makes the key of an epoch that has come; forgets those that are over. */
  rotate(): Promise<void>
}

async function load(store: Store, crypto: CryptoProvider, epoch: number): Promise<X25519PrivateKey[]> {
  return store.transact(async (tx) => {
    if ((await tx.get([TABLE, epoch])) === undefined) tx.put([TABLE, epoch], crypto.randomBytes(32))
    const held = await tx.list([TABLE], { reverse: true })
    const kept = held.filter(({ key }) => (key[1] as number) > epoch - KEPT_EPOCHS)
    for (const { key } of held) if ((key[1] as number) <= epoch - KEPT_EPOCHS) tx.delete(key)
    return kept.map(({ value }) => crypto.x25519.importPrivateKey(value))
  })
}

export async function openHopKeys(base: {
  readonly store: Store
  readonly crypto: CryptoProvider
  readonly clock: Clock
}): Promise<HopKeys> {
  const epochNow = (): number => Math.floor(base.clock.now() / HOP_KEY_EPOCH_MS)
  let epoch = epochNow()
  let keys = await load(base.store, base.crypto, epoch)
  return {
    all: () => keys,
    rotate: async () => {
      if (epochNow() === epoch) return
      epoch = epochNow()
      keys = await load(base.store, base.crypto, epoch)
    },
  }
}
