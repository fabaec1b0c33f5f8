/** Payment: what it costs, channels, tokens. Bodies and codes as in spec/payment.md section 9. */
import { MAX_OPENING_BYTES, MAX_ORDER_BYTES, MAX_VOUCHER_BYTES } from '@hyphae/payment'
import { type OpaqueOperation, opaqueCodec } from './opaque.js'
import { type CodecTable, KEY_BYTES } from './operation.js'

/** What the relay asks: payee, tariff, fundings, issuer. Empty body. */
export type PayOfferRequest = OpaqueOperation<'pay-offer'>
/** An opening; the answer is the channel's balance. */
export type PayOpenRequest = OpaqueOperation<'pay-open'>
/** A voucher; the answer is the channel's balance. */
export type PayVoucherRequest = OpaqueOperation<'pay-voucher'>
/** A link of a hash chain; the answer is the channel's balance. */
export type PayLinkRequest = OpaqueOperation<'pay-link'>
/** A channel id; the answer is the channel's balance. */
export type PayBalanceRequest = OpaqueOperation<'pay-balance'>
/** An order for tokens; the answer holds the blind signatures. */
export type PayOrderRequest = OpaqueOperation<'pay-order'>

export type PaymentRequest =
  | PayOfferRequest
  | PayOpenRequest
  | PayVoucherRequest
  | PayLinkRequest
  | PayBalanceRequest
  | PayOrderRequest

/** Channel, index, link. */
const LINK_BYTES: number = 2 * KEY_BYTES + 4

export const PAYMENT_CODECS: CodecTable<PaymentRequest> = {
  'pay-offer': opaqueCodec('pay-offer', 40, { max: 0 }),
  'pay-open': opaqueCodec('pay-open', 41, { max: MAX_OPENING_BYTES, min: 1 }),
  'pay-voucher': opaqueCodec('pay-voucher', 42, { max: MAX_VOUCHER_BYTES, min: 1 }),
  'pay-link': opaqueCodec('pay-link', 43, { max: LINK_BYTES, min: LINK_BYTES }),
  'pay-balance': opaqueCodec('pay-balance', 44, { max: KEY_BYTES, min: KEY_BYTES }),
  'pay-order': opaqueCodec('pay-order', 45, { max: MAX_ORDER_BYTES, min: 1 }),
}
