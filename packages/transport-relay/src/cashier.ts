/** Paying a relay: its offer, channels, orders for tokens. spec/payment.md section 9. */
import {
  type Cashier,
  type ChannelBalance,
  decodeOffer,
  encodeLink,
  encodeOpening,
  encodeOrder,
  encodeVoucher,
} from '@hyphae/payment'
import type { Dialer } from './dialer.js'
import type { BalanceReply } from './wire/service-replies.js'

const NOTHING = new Uint8Array(0)

function balanceOf({ credit, voucherPaid, chainIndex, issueSequence }: BalanceReply): ChannelBalance {
  return { credit, voucherPaid, chainIndex, issueSequence }
}

export function createCashier(dialer: Dialer): Cashier {
  type Kind = 'pay-open' | 'pay-voucher' | 'pay-link' | 'pay-balance'
  /** Everything may be repeated: amounts and orders are cumulative. */
  const balance = async (kind: Kind, bytes: Uint8Array, signal?: AbortSignal): Promise<ChannelBalance> =>
    balanceOf(await dialer.call({ kind, bytes }, 'balance', { repeatable: true, signal }))
  return {
    offer: async ({ signal } = {}) => {
      const ask = { kind: 'pay-offer', bytes: NOTHING } as const
      return decodeOffer((await dialer.call(ask, 'pay-offered', { repeatable: true, signal })).bytes)
    },
    open: (opening, { signal } = {}) => balance('pay-open', encodeOpening(opening), signal),
    pay: (voucher, { signal } = {}) => balance('pay-voucher', encodeVoucher(voucher), signal),
    payLink: (channel, payment, { signal } = {}) => balance('pay-link', encodeLink(channel, payment), signal),
    balance: (channel, { signal } = {}) => balance('pay-balance', channel, signal),
    order: async (order, { signal } = {}) => {
      const ask = { kind: 'pay-order', bytes: encodeOrder(order) } as const
      const { signatures } = await dialer.call(ask, 'blind-signatures', { repeatable: true, signal })
      return signatures.map((signature) => signature.slice())
    },
  }
}
