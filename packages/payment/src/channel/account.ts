/**
 * What the payee keeps of a channel, and what a payment changes in it: pure, (account, payment) → account.
 *
 *     version 2 | opening length u16 | opening | voucher paid u64 | chain index u32 | chain link 32 | spent u64
 *     | settled u64 | issue sequence u32 | issue digest 32 | voucher length u16 | latest voucher
 *     | count u8 | (purpose 16 | ms u64) × count
 *
 *     credit = voucher paid + chain index · link value − spent
 */
import { concatBytes, equalBytes } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import {
  amountBytes,
  checkAmount,
  finish,
  malformed,
  readerOf,
  sized,
  take,
  takeAmount,
  takeTime,
  takeU8,
  takeU16,
  takeU32,
  timeBytes,
  u8,
  u16,
  u32,
} from '../codec.js'
import { PaymentError } from '../errors.js'
import { ID_BYTES, REMEMBERED_TICKETS } from '../limits.js'
import { type LinkPayment, linkAdds } from './chain.js'
import { type ChannelOpening, decodeOpening, encodeOpening } from './terms.js'
import { decodeVoucher, encodeVoucher, type Voucher, voucherAdds } from './voucher.js'

export const PURPOSE_BYTES = 16

/** What a ticket paid for, and when. */
export interface PaidPurpose {
  readonly purpose: Uint8Array
  readonly at: number
}

export interface ChannelAccount {
  readonly opening: ChannelOpening
  readonly voucherPaid: bigint
  readonly chainIndex: number
  readonly chainLink: Uint8Array
  readonly spent: bigint
  /** What of `voucherPaid` has been turned into money. */
  readonly settled: bigint
  /** Of the last request to sign; 0 before the first. */
  readonly issueSequence: number
  readonly issueDigest: Uint8Array
  readonly latest: Voucher | undefined
  /** What the last tickets paid for, oldest first. */
  readonly purposes: readonly PaidPurpose[]
}

const VERSION = 2

export function newAccount(opening: ChannelOpening): ChannelAccount {
  return {
    opening,
    voucherPaid: 0n,
    chainIndex: 0,
    chainLink: opening.terms.chain.anchor,
    spent: 0n,
    settled: 0n,
    issueSequence: 0,
    issueDigest: new Uint8Array(ID_BYTES),
    latest: undefined,
    purposes: [],
  }
}

export function paidBy({ voucherPaid, chainIndex, opening }: ChannelAccount): bigint {
  return voucherPaid + BigInt(chainIndex) * opening.terms.chain.value
}

export function creditOf(account: ChannelAccount): bigint {
  return paidBy(account) - account.spent
}

export interface Payment {
  readonly account: ChannelAccount
  readonly added: bigint
}

/** Errors as `voucherAdds`, and `payment/expired` for the channel. */
export function withVoucher(
  crypto: CryptoProvider,
  account: ChannelAccount,
  voucher: Voucher,
  context: { readonly channel: Uint8Array; readonly now: number },
): Payment {
  const { terms } = account.opening
  if (terms.expiresAt <= context.now) throw new PaymentError('payment/expired')
  const { payer } = terms
  const added = voucherAdds(crypto, voucher, { ...context, payer, paid: account.voucherPaid })
  const next = { ...account, voucherPaid: voucher.amount, latest: voucher }
  checkAmount(paidBy(next))
  return { account: next, added }
}

/** Errors as `linkAdds`, and `payment/expired` for the channel. */
export function withLink(
  crypto: CryptoProvider,
  account: ChannelAccount,
  payment: LinkPayment,
  now: number,
): Payment {
  const { terms } = account.opening
  if (terms.expiresAt <= now) throw new PaymentError('payment/expired')
  const position = { index: account.chainIndex, link: account.chainLink }
  const added = linkAdds(crypto, payment, position, { ...terms.chain, nonce: terms.nonce })
  const next = { ...account, chainIndex: payment.index, chainLink: payment.link }
  checkAmount(paidBy(next))
  return { account: next, added }
}

/** @throws PaymentError `payment/no-credit` */
export function charged(account: ChannelAccount, cost: bigint): ChannelAccount {
  if (creditOf(account) < cost) throw new PaymentError('payment/no-credit')
  return { ...account, spent: account.spent + cost }
}

/** Paid after `since`: what was paid for before may be gone, and is bought anew. */
export function paidFor({ purposes }: ChannelAccount, purpose: Uint8Array, since: number): boolean {
  return purposes.some((paid) => paid.at > since && equalBytes(paid.purpose, purpose))
}

export function remembering(account: ChannelAccount, purpose: Uint8Array, at: number): ChannelAccount {
  const others = account.purposes.filter((paid) => !equalBytes(paid.purpose, purpose))
  return { ...account, purposes: [...others, { purpose, at }].slice(-REMEMBERED_TICKETS) }
}

export function encodeAccount(account: ChannelAccount): Uint8Array {
  const opening = encodeOpening(account.opening)
  const latest = account.latest === undefined ? new Uint8Array(0) : encodeVoucher(account.latest)
  return concatBytes(
    u8(VERSION),
    u16(opening.length),
    opening,
    amountBytes(account.voucherPaid),
    u32(account.chainIndex),
    sized(account.chainLink, ID_BYTES, 'link'),
    amountBytes(account.spent),
    amountBytes(account.settled),
    u32(account.issueSequence),
    sized(account.issueDigest, ID_BYTES, 'digest'),
    u16(latest.length),
    latest,
    u8(account.purposes.length),
    ...account.purposes.flatMap(({ purpose, at }) => [
      sized(purpose, PURPOSE_BYTES, 'purpose'),
      timeBytes(at),
    ]),
  )
}

/** @throws PaymentError `payment/malformed` */
export function decodeAccount(bytes: Uint8Array): ChannelAccount {
  const reader = readerOf(bytes)
  const version = takeU8(reader)
  if (version !== VERSION) throw malformed('bad-version', { version })
  const opening = decodeOpening(take(reader, takeU16(reader)))
  const numbers = {
    voucherPaid: takeAmount(reader),
    chainIndex: takeU32(reader),
    chainLink: take(reader, ID_BYTES),
    spent: takeAmount(reader),
    settled: takeAmount(reader),
    issueSequence: takeU32(reader),
    issueDigest: take(reader, ID_BYTES),
  }
  const latest = take(reader, takeU16(reader))
  const count = takeU8(reader)
  const purposes = Array.from({ length: count }, () => ({
    purpose: take(reader, PURPOSE_BYTES),
    at: takeTime(reader),
  }))
  finish(reader)
  return { opening, ...numbers, latest: latest.length === 0 ? undefined : decodeVoucher(latest), purposes }
}
