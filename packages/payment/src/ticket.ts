/**
 * What a put carries to be admitted (spec/payment.md section 8).
 *
 *     token ticket    token 354
 *     payment ticket  1 | voucher            or    2 | channel 32 | index u32 | link 32
 */
import { concatBytes } from '@hyphae/core'
import type { LinkPayment } from './channel/chain.js'
import { decodeVoucher, encodeVoucher, type Voucher } from './channel/voucher.js'
import { finish, malformed, readerOf, sized, take, takeU32, u8, u32 } from './codec.js'
import { ID_BYTES } from './limits.js'

export type PaymentTicket =
  | { readonly kind: 'voucher'; readonly voucher: Voucher }
  | { readonly kind: 'link'; readonly channel: Uint8Array; readonly payment: LinkPayment }

const VOUCHER = 1
const LINK = 2

export function encodePaymentTicket(ticket: PaymentTicket): Uint8Array {
  if (ticket.kind === 'voucher') return concatBytes(u8(VOUCHER), encodeVoucher(ticket.voucher))
  const { channel, payment } = ticket
  return concatBytes(u8(LINK), encodeLink(channel, payment))
}

/** 68 bytes. */
export function encodeLink(channel: Uint8Array, { index, link }: LinkPayment): Uint8Array {
  return concatBytes(sized(channel, ID_BYTES, 'channel'), u32(index), sized(link, ID_BYTES, 'link'))
}

/** @throws PaymentError `payment/malformed` */
export function decodeLink(bytes: Uint8Array): { channel: Uint8Array; payment: LinkPayment } {
  const reader = readerOf(bytes)
  const channel = take(reader, ID_BYTES)
  const payment = { index: takeU32(reader), link: take(reader, ID_BYTES) }
  finish(reader)
  return { channel, payment }
}

/** Views. @throws PaymentError `payment/malformed` */
export function decodePaymentTicket(bytes: Uint8Array): PaymentTicket {
  const kind = bytes[0]
  const rest = bytes.subarray(1)
  if (kind === VOUCHER) return { kind: 'voucher', voucher: decodeVoucher(rest) }
  if (kind === LINK) return { kind: 'link', ...decodeLink(rest) }
  throw malformed('bad ticket kind')
}
