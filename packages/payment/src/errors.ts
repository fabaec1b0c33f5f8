/** Errors of payment. None carries a key, a token or a voucher. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const PAYMENT_ERRORS = {
  'payment/malformed': {
    message: 'The bytes of a payment do not follow the format.',
    hint: 'Compare the length with the one in the details.',
  },
  'payment/bad-amount': {
    message: 'The amount is negative or does not fit in 64 bits.',
    hint: 'Use the smallest unit of the method and at most 2^64 - 1.',
  },
  'payment/bad-tariff': {
    message: 'The tariff is not one that can be computed with.',
    hint: 'Use positive whole numbers.',
  },
  'payment/bad-signature': {
    message: 'The signature does not verify under the key it has to be of.',
    hint: 'Sign with the key that the channel names.',
  },
  'payment/wrong-channel': {
    message: 'The payment belongs to another channel.',
    hint: 'Pay with the channel that was opened with this payee.',
  },
  'payment/backward': {
    message: 'The payment does not exceed what was paid before.',
    hint: 'Vouchers are cumulative: sign what was paid so far plus the price.',
  },
  'payment/over-capacity': {
    message: 'The payment exceeds what the channel was funded with.',
    hint: 'Top the channel up, or open another.',
  },
  'payment/expired': {
    message: 'The channel, voucher, quote or key has expired.',
    hint: 'Ask for the current terms and open a new channel.',
  },
  'payment/bad-link': {
    message: 'The link does not lead to the last one that was paid with.',
    hint: 'Pay with a later link of the chain that the channel committed to.',
  },
  'payment/chain-spent': {
    message: 'The hash chain has no links left for this payment.',
    hint: 'Open a new channel.',
  },
  'payment/bad-token': {
    message: 'The token is not one of this issuer.',
    hint: 'Buy tokens from a relay that names this issuer.',
  },
  'payment/spent': {
    message: 'The token was spent before.',
    hint: 'Use another one.',
  },
  'payment/bad-blinded': {
    message: 'The blinded message is not a number that the key can sign.',
    hint: 'Blind with the key that signs; the number lies between 1 and n - 1.',
  },
  'payment/bad-issuer-key': {
    message: 'The issuer key is not a 2,048-bit RSA key with exponent 65537.',
    hint: 'Do not buy from this issuer.',
  },
  'payment/tagging': {
    message: 'The issuer names other keys to this client than it has committed to.',
    hint: 'Do not spend tokens of these keys: they could tell clients apart.',
  },
  'payment/unfunded': {
    message: 'The account or escrow does not cover the channel.',
    hint: 'Deposit first, then open the channel.',
  },
  'payment/too-many-channels': {
    message: 'The payer has as many channels as one may have.',
    hint: 'Use one that is open, or wait until one has expired.',
  },
  'payment/unknown-channel': {
    message: 'There is no such channel, or it is closed.',
    hint: 'Open one.',
  },
  'payment/no-credit': {
    message: 'The channel has less credit than this costs.',
    hint: 'Pay, then repeat.',
  },
  'payment/wrong-chain': {
    message: 'The escrow is on another chain or at another address.',
    hint: 'Open the channel in the contract that the relay names.',
  },
  'payment/settle-failed': {
    message: 'The settlement was not carried out.',
    hint: 'Repeat: vouchers are kept until they are settled.',
    retryable: true,
  },
} as const

export type PaymentErrorCode = keyof typeof PAYMENT_ERRORS

export class PaymentError extends HyphaeError<PaymentErrorCode> {
  constructor(code: PaymentErrorCode, context?: ErrorContext) {
    super(PAYMENT_ERRORS, code, context)
  }
}
