export {
  type ChainPosition,
  createChain,
  type HashChain,
  type LinkPayment,
  linkAdds,
} from './channel/chain.js'
export {
  CHANNEL_NONCE_BYTES,
  type ChainCommitment,
  type ChannelOpening,
  type ChannelTerms,
  channelId,
  decodeOpening,
  encodeOpening,
  FUNDING_KINDS,
  MAX_OPENING_BYTES,
  NO_CHAIN,
  openChannel,
  verifyOpening,
} from './channel/terms.js'
export {
  decodeVoucher,
  encodeVoucher,
  MAX_VOUCHER_BYTES,
  signVoucher,
  type Voucher,
  type VoucherContext,
  type VoucherStatement,
  voucherAdds,
} from './channel/voucher.js'
export { PAYMENT_ERRORS, PaymentError, type PaymentErrorCode } from './errors.js'
export { type FundedChannel, type Funding, TRUSTED_FUNDING, trustedFunding } from './funding.js'
export { createLedger, type Ledger } from './ledger.js'
export { MAX_AMOUNT, MAX_BLINDED, RSA_BYTES, TOKEN_BYTES } from './limits.js'
export { chainPayer, tillPayee, tokenPayer, voucherPayer } from './method.js'
export { type Cashier, decodeOffer, encodeOffer, type Offer } from './offer.js'
export { createPayer, type Evidence, type Payer, type PayerOptions } from './payer.js'
export {
  byteDaysOf,
  checkTariff,
  costOf,
  type Tariff,
  TOKEN_VALUES,
  tokenPrice,
  valueFor,
} from './tariff.js'
export {
  decodeLink,
  decodePaymentTicket,
  encodeLink,
  encodePaymentTicket,
  type PaymentTicket,
} from './ticket.js'
export { type ChannelBalance, createTill, type Purchase, type Till, type TillOptions } from './till.js'
export type { Issuer, TokenVerifier, VerifiedToken } from './tokens/issuer.js'
export { decodeOrder, encodeOrder, MAX_ORDER_BYTES, signOrder, type TokenOrder } from './tokens/order.js'
export { type Spending, type SpentTokens, storedSpent } from './tokens/spent.js'
export {
  agreeing,
  currentKey,
  decodeStatement,
  type EpochKeys,
  encodeStatement,
  epochAt,
  type IssuerStatement,
  MAX_STATEMENT_BYTES,
  verifyStatement,
} from './tokens/statement.js'
export {
  finishToken,
  type IssuerKey,
  issuerKey,
  type PendingToken,
  requestToken,
  type TokenParts,
  tokenParts,
  verifyToken,
} from './tokens/token.js'
export { createWallet, type TokenBatch, type TokenWallet, type WalletOptions } from './wallet.js'
