/**
 * What storage costs: byte-days, in the smallest unit of some money (spec/payment.md section 2).
 *
 *   cost   = ⌈bytes · days · amount / byteDays⌉
 *   tokens = ⌈bytes · days / tokenByteDays⌉
 */
import { checkAmount } from './codec.js'
import { PaymentError } from './errors.js'

export interface Tariff {
  /** `amount` buys this many bytes for a day. */
  readonly byteDays: number
  readonly amount: bigint
  /** One token admits this many byte-days, at least one token a frame. */
  readonly tokenByteDays: number
}

/** A token a week of a 2,048-byte frame: what an ordinary message waits for. */
export const TOKEN_BYTE_DAYS: number = 7 * 2048

/** @throws PaymentError `payment/bad-tariff` */
export function checkTariff(tariff: Tariff): Tariff {
  const { byteDays, tokenByteDays } = tariff
  const whole = (value: number): boolean => Number.isSafeInteger(value) && value > 0
  if (!whole(byteDays) || !whole(tokenByteDays)) throw new PaymentError('payment/bad-tariff')
  checkAmount(tariff.amount)
  return tariff
}

function byteDaysOf(bytes: number, days: number): bigint {
  if (!Number.isSafeInteger(bytes) || !Number.isSafeInteger(days) || bytes < 0 || days < 0)
    throw new PaymentError('payment/bad-tariff', { details: { bytes, days } })
  return BigInt(bytes) * BigInt(days)
}

function roundUp(value: bigint, unit: bigint): bigint {
  return (value + unit - 1n) / unit
}

/** Price of `bytes` kept for `days`. @throws PaymentError `payment/bad-tariff`, `payment/bad-amount` */
export function costOf(tariff: Tariff, bytes: number, days: number): bigint {
  return checkAmount(roundUp(byteDaysOf(bytes, days) * tariff.amount, BigInt(tariff.byteDays)))
}

/** Tokens that admit `bytes` for `days`: at least one. */
export function tokensFor(tariff: Tariff, bytes: number, days: number): number {
  const count = Number(roundUp(byteDaysOf(bytes, days), BigInt(tariff.tokenByteDays)))
  return Math.max(1, count)
}

/** Price of one token. */
export function tokenPrice(tariff: Tariff): bigint {
  return costOf(tariff, tariff.tokenByteDays, 1)
}
