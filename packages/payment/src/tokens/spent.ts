/**
 * Tokens that were spent: durable before anyone is told, forgotten with their key (spec/payment.md section 6.4).
 *
 * Kept by epoch, so that forgetting is dropping a table and the set never holds more than two epochs. An entry says
 * for what the token was spent, as a 16-byte digest, so that a repeated request is not taken for a second spending.
 */
import { equalBytes, type Store } from '@hyphae/core'

export interface Spending {
  readonly epoch: number
  /** Of the token, 32 bytes. */
  readonly nonce: Uint8Array
}

export interface SpentTokens {
  /**
   * True when it was not spent before, or for the same purpose; false otherwise. Resolves when it is durable.
   * `purpose` is 16 bytes.
   */
  spend(token: Spending, purpose: Uint8Array): Promise<boolean>
  /** Forgets the tokens of epochs before `epoch`. */
  forget(epoch: number): Promise<void>
}

const TABLE = 'spent'
const FORGET_STEP = 512

async function forgetSome(store: Store, epoch: number): Promise<boolean> {
  const [oldest] = await store.list([TABLE], { limit: 1 })
  if (oldest === undefined || (oldest.key[1] as number) >= epoch) return false
  const old = await store.list([TABLE, oldest.key[1] as number], { limit: FORGET_STEP })
  await store.transact((tx) => {
    for (const { key } of old) tx.delete(key)
  })
  return true
}

/** Over a store. Its single writer is what makes two spendings at once impossible. */
export function storedSpent(store: Store): SpentTokens {
  return {
    spend: ({ epoch, nonce }, purpose) =>
      store.transact(async (tx) => {
        const held = await tx.get([TABLE, epoch, nonce])
        if (held !== undefined) return equalBytes(held, purpose)
        tx.put([TABLE, epoch, nonce], purpose)
        return true
      }),
    forget: async (epoch) => {
      while (await forgetSome(store, epoch));
    },
  }
}
