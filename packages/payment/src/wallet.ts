/**
 * A client's tokens, in its store. A token leaves the wallet durably before it is handed out: a crash may lose one
 * but never offers one twice, which would mark two requests as the same client's.
 */
import type { Clock, Store } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { PaymentError } from './errors.js'
import { currentKey, epochAt, type IssuerStatement } from './tokens/statement.js'
import { finishToken, type PendingToken, requestToken, tokenParts } from './tokens/token.js'

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
  /** Tokens worth `value` byte-days, one of the statement's values. @throws PaymentError `payment/expired` */
  prepare(value: number, count: number): TokenBatch
  /** One of exactly this value, of the oldest epoch that is still taken; undefined when there is none. */
  take(value: number): Promise<Uint8Array | undefined>
  count(value: number): Promise<number>
}

const TABLE = 'token'

async function finish(
  { store }: WalletOptions,
  place: readonly [value: number, epoch: number],
  pending: readonly PendingToken[],
  signatures: readonly Uint8Array[],
): Promise<void> {
  if (signatures.length !== pending.length) throw new PaymentError('payment/bad-signature')
  const tokens = pending.map((one, i) => finishToken(one, signatures[i] as Uint8Array))
  await store.transact((tx) => {
    for (const token of tokens) tx.put([TABLE, ...place, tokenParts(token).nonce], token)
  })
}

/** A batch for the epoch of now. */
function prepare(options: WalletOptions, value: number, count: number): TokenBatch {
  const { crypto, clock, statement } = options
  const now = clock.now()
  const key = currentKey(crypto, statement, value, now)
  const pending = Array.from({ length: count }, () => requestToken(crypto, key, statement.name))
  const place = [value, epochAt(now, statement.epochMs)] as const
  return {
    keyId: key.id,
    blinded: pending.map(({ request }) => request),
    finish: (signatures) => finish(options, place, pending, signatures),
  }
}

export function createWallet(options: WalletOptions): TokenWallet {
  const { store, clock, statement } = options
  /** The oldest epoch whose tokens are taken. */
  const oldest = (): number => epochAt(clock.now(), statement.epochMs) - 1
  return {
    prepare: (value, count) => prepare(options, value, count),
    take: (value) =>
      store.transact(async (tx) => {
        const from = oldest()
        const [first] = await tx.list([TABLE, value], { limit: 1 })
        // What is no longer taken anywhere goes first.
        if (first !== undefined && (first.key[2] as number) < from)
          for (const { key } of await tx.list([TABLE, value])) if ((key[2] as number) < from) tx.delete(key)
        const [found] = await tx.list([TABLE, value], { from, limit: 1 })
        if (found !== undefined) tx.delete(found.key)
        return found?.value
      }),
    count: async (value) => (await store.list([TABLE, value], { from: oldest() })).length,
  }
}
