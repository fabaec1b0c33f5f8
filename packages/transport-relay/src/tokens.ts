/** Frames paid with tokens of a wallet. spec/payment.md section 8. */
import { type IssuerStatement, type TokenWallet, valueFor } from '@hyphae/payment'
import type { RelayPut, TicketFor } from './deposits.js'
import { DEFAULT_TTL, type TtlClass } from './wire/ticket.js'

export interface TokenTicketOptions {
  readonly wallet: TokenWallet
  readonly statement: IssuerStatement
  /** The carrier's; default 30 days. */
  readonly ttl?: TtlClass
}

/**
 * A ticket for each frame: a token of the smallest value that is enough and there, or none. For `ticketFor` of
 * `relay(url, …)`. A token that was handed out is gone from the wallet, whatever becomes of the frame.
 */
export function tokenTickets({ wallet, statement, ttl = DEFAULT_TTL }: TokenTicketOptions): TicketFor {
  return async (put) => {
    const days = (put as RelayPut).ttl ?? ttl
    const least = valueFor(statement.values, put.frame.length, days)
    if (least === undefined) return undefined
    for (const value of statement.values.filter((candidate) => candidate >= least)) {
      const bytes = await wallet.take(value)
      if (bytes !== undefined) return { kind: 'token', bytes }
    }
    return undefined
  }
}
