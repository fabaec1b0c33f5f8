/**
 * A client's tokens, in its store. A token leaves the wallet durably before it is handed out: a crash may lose one
 * but never offers one twice, which would mark two requests as the same client's.
 */
import type { Clock, Store } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { PaymentError } from './errors.js'
import { epochAt, type IssuerStatement, isTaken } from './tokens/statement.js'
import { finishToken, issuerKey, type PendingToken, requestToken } from './tokens/token.js'

export interface WalletOptions {
  readonly store: Store
  readonly crypto: CryptoProvider
  readonly clock: Clock
  /** Verified and compared: `verifyStatement`, `agreeing`. */
  readonly statement: IssuerStatement
}

/** Tokens that were ordered and not yet signed. */
export interface TokenBatch {
  readonly keyId: Uint8Array
  /** For the order. */
  readonly blinded: readonly Uint8Array[]
  /** Checks every signature, then keeps the tokens. @throws PaymentError `payment/bad-signature` */
  finish(signatures: readonly Uint8Array[]): Promise<void>
}

export interface TokenWallet {
  prepare(count: number): TokenBatch
  /** Undefined when there are fewer. Oldest epoch first. */
  take(count: number): Promise<Uint8Array[] | undefined>
  count(): Promise<number>
}

const TABLE = 'token'

function unfinished({ crypto, clock, statement }: WalletOptions, count: number): PendingToken[] {
  const epoch = epochAt(clock.now(), statement.epochMs)
  const key = statement.keys.find((candidate) => candidate.epoch === epoch)
  if (key === undefined) throw new PaymentError('payment/expired')
  const issuer = issuerKey(crypto, key.modulus)
  return Array.from({ length: count }, () => requestToken(crypto, issuer, statement.name))
}

async function finish(
  { store }: WalletOptions,
  epoch: number,
  pending: readonly PendingToken[],
  signatures: readonly Uint8Array[],
): Promise<void> {
  if (signatures.length !== pending.length) throw new PaymentError('payment/bad-signature')
  const tokens = pending.map((one, i) => finishToken(one, signatures[i] as Uint8Array))
  await store.transact((tx) => {
    for (const token of tokens) tx.put([TABLE, epoch, token.slice(2, 34)], token)
  })
}

export function createWallet(options: WalletOptions): TokenWallet {
  const { store, clock, statement } = options
  const epochNow = (): number => epochAt(clock.now(), statement.epochMs)
  return {
    prepare: (count) => {
      const epoch = epochNow()
      const pending = unfinished(options, count)
      const [first] = pending
      if (first === undefined) throw new PaymentError('payment/malformed', { details: { count } })
      return {
        keyId: first.key.id,
        blinded: pending.map(({ request }) => request),
        finish: (signatures) => finish(options, epoch, pending, signatures),
      }
    },
    take: (count) =>
      store.transact(async (tx) => {
        const from = epochNow() - 1
        const old = await tx.list([TABLE], { limit: 1 })
        // What is no longer taken anywhere goes first.
        const over = old.length > 0 && !isTaken(old[0]?.key[1] as number, epochNow())
        if (over) for (const { key } of await tx.list([TABLE])) if ((key[1] as number) < from) tx.delete(key)
        const found = await tx.list([TABLE], { from, limit: count })
        if (found.length < count) return undefined
        for (const { key } of found) tx.delete(key)
        return found.map(({ value }) => value)
      }),
    count: async () => (await store.list([TABLE], { from: epochNow() - 1 })).length,
  }
}
