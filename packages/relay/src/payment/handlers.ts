/** Channels, vouchers and orders for tokens over the wire. spec/payment.md section 9. */
import {
  type ChannelBalance,
  decodeLink,
  decodeOpening,
  decodeOrder,
  decodeVoucher,
  encodeOffer,
  type Till,
} from '@hyphae/payment'
import type { OpaqueOperation, PaymentRequest, Reply } from '@hyphae/transport-relay/wire'
import type { Handlers } from '../server/handler.js'
import { failure, type Session } from '../server/session.js'
import { paymentFailure } from './checks.js'

type Kind = PaymentRequest['kind']
type Answer = (till: Till, bytes: Uint8Array, request: number) => Promise<Reply>

function balance(request: number, held: ChannelBalance): Reply {
  return { kind: 'balance', request, ...held }
}

function offerOf({ payee, tariff, fundings, issuer }: Till): Uint8Array {
  return encodeOffer({ payee, tariff, fundings, statement: issuer?.statement() })
}

/** Refusals are answers; what is no error of payment is the store's, and rejects. */
function paid(answer: Answer): (session: Session, operation: OpaqueOperation) => Promise<Reply> {
  return async (session, { request, bytes }) => {
    const till = session.context.services.payment?.till
    if (till === undefined) return failure(request, 'unsupported')
    try {
      // A copy: what is kept must not keep the whole message.
      return await answer(till, bytes.slice(), request)
    } catch (error) {
      const name = paymentFailure(error)
      if (name === undefined) throw error
      return failure(request, name)
    }
  }
}

export const PAYMENT_HANDLERS: Handlers<Kind> = {
  'pay-offer': paid(async (till, _bytes, request) => ({
    kind: 'pay-offered',
    request,
    bytes: offerOf(till),
  })),
  'pay-open': paid(async (till, bytes, request) => {
    const channel = await till.open(decodeOpening(bytes))
    return balance(request, await till.balance(channel))
  }),
  'pay-voucher': paid(async (till, bytes, request) => balance(request, await till.pay(decodeVoucher(bytes)))),
  'pay-link': paid(async (till, bytes, request) => {
    const { channel, payment } = decodeLink(bytes)
    return balance(request, await till.payLink(channel, payment))
  }),
  'pay-balance': paid(async (till, bytes, request) => balance(request, await till.balance(bytes))),
  'pay-order': paid(async (till, bytes, request) => ({
    kind: 'blind-signatures',
    request,
    signatures: await till.sell(decodeOrder(bytes)),
  })),
}
