/** Where a channel's money lies, as a port: a ledger of the relay's own, an escrow, or trust. */
import { equalBytes, type StoreTransaction } from '@hyphae/core'
import type { ChannelTerms } from './channel/terms.js'
import type { Voucher } from './channel/voucher.js'
import { PaymentError } from './errors.js'

export interface FundedChannel {
  readonly id: Uint8Array
  readonly terms: ChannelTerms
}

export interface Funding {
  /** Distinguishes fundings in the terms of a channel, 0 to 255. */
  readonly kind: number
  /** Hash-chain links can be settled, not only vouchers. */
  readonly chains: boolean
  /** Storage costs nothing to channels of this funding. */
  readonly free: boolean
  /** @throws PaymentError when there is no money of this payer for this payee under the reference */
  open(channel: FundedChannel): Promise<void>
  /** Outside of any transaction: may ask a network. @throws PaymentError when the voucher could not be settled */
  check(channel: FundedChannel, voucher: Voucher): Promise<void>
  /** In the payee's transaction: takes `amount` from the payer. @throws PaymentError `payment/over-capacity` */
  draw(tx: StoreTransaction, channel: FundedChannel, amount: bigint): Promise<void>
  /** Turns the latest voucher into money; what was gained, 0 when nothing was left to do; null: not yet worth it. */
  settle(channel: FundedChannel, latest: Voucher | undefined, signal?: AbortSignal): Promise<bigint | null>
}

/** Kind of `trustedFunding`. */
export const TRUSTED_FUNDING = 0

/** Peers whose storage is free: they open channels and get tokens as others do, so that spending looks the same. */
export function trustedFunding(payers: readonly Uint8Array[]): Funding {
  return {
    kind: TRUSTED_FUNDING,
    chains: true,
    free: true,
    open: async ({ terms }) => {
      if (!payers.some((payer) => equalBytes(payer, terms.payer))) throw new PaymentError('payment/unfunded')
    },
    check: async () => {},
    draw: async () => {},
    settle: async () => 0n,
  }
}
