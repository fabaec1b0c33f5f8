/**
 * What storage costs: byte-days, in the smallest unit of some money (spec/payment.md section 2).
 *
 *   cost = ⌈bytes · days · amount / byteDays⌉
 */
import { checkAmount } from './codec.js'
import { PaymentError } from './errors.js'

export interface Tariff {
  /** `amount` buys this many bytes for a day. */
  readonly byteDays: number
  readonly amount: bigint
}

/**
 * Byte-days that tokens are worth: an ordinary frame for a day, for a week, and the largest for the longest time.
 * Few, because buyers of one value are a crowd only among themselves.
 */
export const TOKEN_VALUES: readonly number[] = [2048, 7 * 2048, 30 * 4096]

/** @throws PaymentError `payment/bad-tariff` */
export function checkTariff(tariff: Tariff): Tariff {
  const { byteDays } = tariff
  if (!Number.isSafeInteger(byteDays) || byteDays <= 0) throw new PaymentError('payment/bad-tariff')
  checkAmount(tariff.amount)
  return tariff
}

/** @throws PaymentError `payment/bad-tariff` */
export function byteDaysOf(bytes: number, days: number): number {
  const product = bytes * days
  if (!Number.isSafeInteger(product) || bytes < 0 || days < 0)
    throw new PaymentError('payment/bad-tariff', { details: { bytes, days } })
  return product
}

/** Price of `bytes` kept for `days`. @throws PaymentError `payment/bad-tariff`, `payment/bad-amount` */
export function costOf(tariff: Tariff, bytes: number, days: number): bigint {
  const unit = BigInt(tariff.byteDays)
  return checkAmount((BigInt(byteDaysOf(bytes, days)) * tariff.amount + unit - 1n) / unit)
}

/** Price of a token worth `value` byte-days. */
export function tokenPrice(tariff: Tariff, value: number): bigint {
  return costOf(tariff, value, 1)
}

/** The smallest of the values that admits as many byte-days; undefined when none does. */
export function valueFor(values: readonly number[], bytes: number, days: number): number | undefined {
  const needed = byteDaysOf(bytes, days)
  const enough = values.filter((value) => value >= needed)
  return enough.length === 0 ? undefined : Math.min(...enough)
}
