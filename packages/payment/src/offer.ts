/**
 * What a payee asks, in bytes, and what a payer asks of a payee (spec/payment.md section 9).
 *
 *     version 1 | payee 32 | byte-days u64 | amount u64 | fundings u8 | kind u8 × fundings
 *     | statement length u16 | statement
 */
import { concatBytes, type IoOptions } from '@hyphae/core'
import type { LinkPayment } from './channel/chain.js'
import type { ChannelOpening } from './channel/terms.js'
import type { Voucher } from './channel/voucher.js'
import {
  amountBytes,
  finish,
  malformed,
  readerOf,
  sized,
  take,
  takeAmount,
  takeTime,
  takeU8,
  takeU16,
  timeBytes,
  u8,
  u16,
} from './codec.js'
import { ID_BYTES } from './limits.js'
import { checkTariff, type Tariff } from './tariff.js'
import type { ChannelBalance } from './till.js'
import type { TokenOrder } from './tokens/order.js'
import {
  decodeStatement,
  encodeStatement,
  type IssuerStatement,
  MAX_STATEMENT_BYTES,
} from './tokens/statement.js'

export interface Offer {
  /** Ed25519 public key, 32 bytes. */
  readonly payee: Uint8Array
  readonly tariff: Tariff
  /** Kinds of funding that it takes. */
  readonly fundings: readonly number[]
  /** Undefined: it sells no tokens. Unverified: `verifyStatement`. */
  readonly statement: IssuerStatement | undefined
}

/** A payee that is somewhere else. */
export interface Cashier {
  offer(options?: IoOptions): Promise<Offer>
  open(opening: ChannelOpening, options?: IoOptions): Promise<ChannelBalance>
  pay(voucher: Voucher, options?: IoOptions): Promise<ChannelBalance>
  payLink(channel: Uint8Array, payment: LinkPayment, options?: IoOptions): Promise<ChannelBalance>
  balance(channel: Uint8Array, options?: IoOptions): Promise<ChannelBalance>
  /** Blind signatures in the order asked. */
  order(order: TokenOrder, options?: IoOptions): Promise<Uint8Array[]>
}

const VERSION = 1

/** @throws PaymentError `payment/malformed`, `payment/bad-amount` */
export function encodeOffer({ payee, tariff, fundings, statement }: Offer): Uint8Array {
  const said = statement === undefined ? new Uint8Array(0) : encodeStatement(statement)
  return concatBytes(
    u8(VERSION),
    sized(payee, ID_BYTES, 'payee'),
    timeBytes(tariff.byteDays),
    amountBytes(tariff.amount),
    u8(fundings.length),
    Uint8Array.from(fundings),
    u16(said.length),
    said,
  )
}

/** @throws PaymentError `payment/malformed`, `payment/bad-tariff` */
export function decodeOffer(bytes: Uint8Array): Offer {
  const reader = readerOf(bytes)
  const version = takeU8(reader)
  if (version !== VERSION) throw malformed('bad-version', { version })
  const payee = take(reader, ID_BYTES).slice()
  const tariff = checkTariff({ byteDays: takeTime(reader), amount: takeAmount(reader) })
  const fundings = [...take(reader, takeU8(reader))]
  const length = takeU16(reader)
  if (length > MAX_STATEMENT_BYTES) throw malformed('too-long', { length })
  // A copy: statements are kept and compared.
  const said = take(reader, length).slice()
  finish(reader)
  return { payee, tariff, fundings, statement: length === 0 ? undefined : decodeStatement(said) }
}
