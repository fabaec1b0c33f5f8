/**
 * One-way cumulative vouchers: each says what the channel has paid in all (spec/payment.md section 4).
 *
 *     channel 32 | amount u64 | expires u64 | signature 64 | evidence length u8 | evidence
 *     signature = Ed25519(payer, "hyphae voucher v1" ‖ 0 ‖ channel ‖ amount ‖ expires)
 *
 * Only the latest matters; an old one is worth nothing. Evidence is what the funding needs besides: over an EVM
 * escrow a signature that the contract can check.
 */
import { concatBytes, equalBytes, utf8 } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
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
  timeBytes,
  u8,
} from '../codec.js'
import { PaymentError } from '../errors.js'
import { ID_BYTES, SIGNATURE_BYTES } from '../limits.js'

export interface Voucher {
  /** 32 bytes. */
  readonly channel: Uint8Array
  /** Cumulative, in the smallest unit. */
  readonly amount: bigint
  /** ms since 1970; after it the voucher pays nothing. */
  readonly expiresAt: number
  readonly signature: Uint8Array
  /** At most 255 bytes; empty for a ledger. */
  readonly evidence: Uint8Array
}

const LABEL: Uint8Array = /* @__PURE__ */ utf8('hyphae voucher v1\0')
const NO_EVIDENCE: Uint8Array = /* @__PURE__ */ new Uint8Array(0)
const MAX_EVIDENCE_BYTES = 255

export const MAX_VOUCHER_BYTES: number = ID_BYTES + 8 + 8 + SIGNATURE_BYTES + 1 + MAX_EVIDENCE_BYTES

export type VoucherStatement = Pick<Voucher, 'channel' | 'amount' | 'expiresAt'>

function statementBytes({ channel, amount, expiresAt }: VoucherStatement): Uint8Array {
  return concatBytes(sized(channel, ID_BYTES, 'channel'), amountBytes(amount), timeBytes(expiresAt))
}

/** @throws PaymentError `payment/malformed`, `payment/bad-amount` */
export function signVoucher(
  crypto: CryptoProvider,
  payerKey: Ed25519PrivateKey,
  statement: VoucherStatement,
  evidence: Uint8Array = NO_EVIDENCE,
): Voucher {
  const signature = crypto.ed25519.sign(payerKey, concatBytes(LABEL, statementBytes(statement)))
  return { ...statement, signature, evidence }
}

/** @throws PaymentError `payment/malformed`, `payment/bad-amount` */
export function encodeVoucher(voucher: Voucher): Uint8Array {
  const { signature, evidence } = voucher
  if (evidence.length > MAX_EVIDENCE_BYTES)
    throw malformed('bad-length of evidence', { length: evidence.length })
  return concatBytes(
    statementBytes(voucher),
    sized(signature, SIGNATURE_BYTES, 'signature'),
    u8(evidence.length),
    evidence,
  )
}

/** Unverified; its fields are views. @throws PaymentError `payment/malformed` */
export function decodeVoucher(bytes: Uint8Array): Voucher {
  if (bytes.length > MAX_VOUCHER_BYTES) throw malformed('too-long', { length: bytes.length })
  const reader = readerOf(bytes)
  const voucher = {
    channel: take(reader, ID_BYTES),
    amount: takeAmount(reader),
    expiresAt: takeTime(reader),
    signature: take(reader, SIGNATURE_BYTES),
    evidence: take(reader, takeU8(reader)),
  }
  finish(reader)
  return voucher
}

/** What the payee holds of a channel when a voucher comes. */
export interface VoucherContext {
  readonly channel: Uint8Array
  readonly payer: Uint8Array
  readonly paid: bigint
  readonly now: number
}

/**
 * What the voucher adds to what was paid. The signature is checked last: everything cheaper refuses first.
 * @throws PaymentError `payment/wrong-channel`, `payment/expired`, `payment/backward`, `payment/bad-signature`
 */
export function voucherAdds(crypto: CryptoProvider, voucher: Voucher, context: VoucherContext): bigint {
  if (!equalBytes(voucher.channel, context.channel)) throw new PaymentError('payment/wrong-channel')
  if (voucher.expiresAt <= context.now) throw new PaymentError('payment/expired')
  if (voucher.amount <= context.paid) throw new PaymentError('payment/backward')
  const signed = concatBytes(LABEL, statementBytes(voucher))
  if (!crypto.ed25519.verify(context.payer, signed, voucher.signature))
    throw new PaymentError('payment/bad-signature')
  return voucher.amount - context.paid
}
