/**
 * The payer's side of one channel: what it has signed so far. Cumulative, so forgetting an amount that was sent
 * would sign the same one twice; whoever keeps a channel across restarts asks the payee for its balance first.
 */
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import type { HashChain, LinkPayment } from './channel/chain.js'
import { type ChannelOpening, channelId } from './channel/terms.js'
import { signVoucher, type Voucher } from './channel/voucher.js'
import { PaymentError } from './errors.js'
import { signOrder, type TokenOrder } from './tokens/order.js'

/** What the funding adds to a voucher, such as a signature that a contract can check. */
export type Evidence = (voucher: {
  readonly amount: bigint
  readonly expiresAt: number
}) => Uint8Array | Promise<Uint8Array>

export interface PayerOptions {
  readonly crypto: CryptoProvider
  readonly key: Ed25519PrivateKey
  readonly opening: ChannelOpening
  readonly chain?: HashChain
  readonly evidence?: Evidence
  /** Never signs for more than this in all. */
  readonly budget: bigint
  /** Where an earlier life of the payer stopped, as the payee tells. */
  readonly resume?: {
    readonly voucherPaid: bigint
    readonly chainIndex: number
    readonly issueSequence: number
  }
}

export interface Payer {
  readonly channel: Uint8Array
  readonly opening: ChannelOpening
  /** A voucher for `amount` more than the last. @throws PaymentError `payment/over-capacity` beyond the budget */
  voucher(amount: bigint): Promise<Voucher>
  /** The link that pays `links` more. @throws PaymentError `payment/chain-spent`, `payment/over-capacity` */
  link(links?: number): LinkPayment
  /** An order for tokens, under the next sequence. */
  order(keyId: Uint8Array, blinded: readonly Uint8Array[]): TokenOrder
}

export function createPayer(options: PayerOptions): Payer {
  const { crypto, key, opening, chain, evidence, budget } = options
  const channel = channelId(crypto, opening.terms)
  const { expiresAt } = opening.terms
  const signed = { voucherPaid: 0n, chainIndex: 0, issueSequence: 0, ...options.resume }
  const afford = (voucherPaid: bigint, chainIndex: number): void => {
    if (voucherPaid + BigInt(chainIndex) * opening.terms.chain.value > budget)
      throw new PaymentError('payment/over-capacity')
  }
  return {
    channel,
    opening,
    voucher: async (more) => {
      const amount = signed.voucherPaid + more
      afford(amount, signed.chainIndex)
      // Raised before anything waits: two calls at once must not sign the same amount.
      signed.voucherPaid = amount
      const proof = await evidence?.({ amount, expiresAt })
      return signVoucher(crypto, key, { channel, amount, expiresAt }, proof)
    },
    link: (links = 1) => {
      const index = signed.chainIndex + links
      afford(signed.voucherPaid, index)
      if (chain === undefined) throw new PaymentError('payment/chain-spent')
      const payment = chain.pay(index)
      signed.chainIndex = index
      return payment
    },
    order: (keyId, blinded) => {
      signed.issueSequence += 1
      return signOrder(crypto, key, { channel, sequence: signed.issueSequence, keyId, blinded })
    },
  }
}
