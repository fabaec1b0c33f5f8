/**
 * A local credit ledger: accounts are Ed25519 keys, amounts whole numbers, all in one store (spec/payment.md
 * section 7). The operator writes credits; channels draw them. The sum over all accounts changes by `credit` alone.
 */
import type { Store, StoreKey, StoreReader, StoreTransaction } from '@hyphae/core'
import { FUNDING_KINDS } from './channel/terms.js'
import { amountBytes, checkAmount, readerOf, sized, takeAmount } from './codec.js'
import { PaymentError } from './errors.js'
import type { Funding } from './funding.js'
import { ID_BYTES } from './limits.js'

export interface Ledger {
  /** Adds credit that was bought by other means. @throws PaymentError `payment/bad-amount` above 2^64 - 1 */
  credit(account: Uint8Array, amount: bigint): Promise<void>
  balance(account: Uint8Array): Promise<bigint>
  /** Pays out. @throws PaymentError `payment/over-capacity` */
  debit(account: Uint8Array, amount: bigint): Promise<void>
  /** Channels that draw on the accounts of this ledger. */
  readonly funding: Funding
}

const TABLE = 'ledger'

function keyOf(account: Uint8Array): StoreKey {
  return [TABLE, sized(account, ID_BYTES, 'account')]
}

async function read(reader: StoreReader, account: Uint8Array): Promise<bigint> {
  const held = await reader.get(keyOf(account))
  return held === undefined ? 0n : takeAmount(readerOf(held))
}

/** Adds `amount`, which may be negative. */
async function change(tx: StoreTransaction, account: Uint8Array, amount: bigint): Promise<void> {
  const balance = (await read(tx, account)) + amount
  if (balance < 0n) throw new PaymentError('payment/over-capacity')
  tx.put(keyOf(account), amountBytes(balance))
}

export function createLedger(store: Store): Ledger {
  const funding: Funding = {
    kind: FUNDING_KINDS.ledger,
    chains: true,
    free: false,
    open: async ({ terms }) => {
      if ((await read(store, terms.payer)) === 0n) throw new PaymentError('payment/unfunded')
    },
    check: async () => {},
    draw: async (tx, { terms }, amount) => {
      await change(tx, terms.payer, -amount)
      await change(tx, terms.payee, amount)
    },
    // Drawn credits are the payee's already.
    settle: async () => 0n,
  }
  return {
    credit: (account, amount) => store.transact((tx) => change(tx, account, checkAmount(amount))),
    debit: (account, amount) => store.transact((tx) => change(tx, account, -checkAmount(amount))),
    balance: (account) => read(store, account),
    funding,
  }
}
