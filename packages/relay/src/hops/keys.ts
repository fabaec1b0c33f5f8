/**
 * Keys that requests to this relay are sealed to: a new one each epoch, the two before still opened.
 *
 * Random and forgotten in time, the same at all relays that share a store; derived from a secret where relays that share
 * none have to open the same requests. The secret opens what was ever sealed to them, so only the former forgets.
 */
import { type Clock, type Store, utf8 } from '@hyphae/core'
import { type CryptoProvider, hpkeDeriveKeyPair, type X25519PrivateKey } from '@hyphae/crypto'
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

const DERIVE_LABEL = 'hyphae hop key v1 '

function derived(crypto: CryptoProvider, secret: Uint8Array, epoch: number): X25519PrivateKey[] {
  return Array.from({ length: KEPT_EPOCHS }, (_, i) => {
    const info = utf8(`${DERIVE_LABEL}${epoch - i}`)
    return hpkeDeriveKeyPair(crypto, crypto.hkdfSha256(secret, new Uint8Array(0), info, 32))
  })
}

export async function openHopKeys(base: {
  readonly store: Store
  readonly crypto: CryptoProvider
  readonly clock: Clock
  /** 32 random bytes that all relays of a cluster have. */
  readonly secret?: Uint8Array | undefined
}): Promise<HopKeys> {
  const epochNow = (): number => Math.floor(base.clock.now() / HOP_KEY_EPOCH_MS)
  let epoch = epochNow()
  const keysOf = async (of: number): Promise<X25519PrivateKey[]> =>
    base.secret === undefined ? load(base.store, base.crypto, of) : derived(base.crypto, base.secret, of)
  let keys = await keysOf(epoch)
  return {
    all: () => keys,
    rotate: async () => {
      if (epochNow() === epoch) return
      epoch = epochNow()
      keys = await keysOf(epoch)
    },
  }
}
