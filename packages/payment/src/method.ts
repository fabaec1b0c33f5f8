/** The PaymentMethod port of @hyphae/core over channels and tokens. */
import type { Clock, PaymentPayee, PaymentPayer, PaymentQuote, PaymentRequest } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { PURPOSE_BYTES } from './channel/account.js'
import { PaymentError } from './errors.js'
import { MAX_OPEN_QUOTES, QUOTE_LIFE_MS } from './limits.js'
import type { Payer } from './payer.js'
import { costOf, valueFor } from './tariff.js'
import { encodePaymentTicket } from './ticket.js'
import type { Purchase, Till } from './till.js'
import type { TokenWallet } from './wallet.js'

const VOUCHER = 'voucher'
const LINK = 'hash-chain'
const TOKEN = 'blind-token'

/** Vouchers of one channel. */
export function voucherPayer(payer: Payer): PaymentPayer {
  return {
    method: VOUCHER,
    pay: async ({ amount }) => encodePaymentTicket({ kind: 'voucher', voucher: await payer.voucher(amount) }),
  }
}

/** Links of one channel's hash chain; what a payment exceeds the price by stays as credit. */
export function chainPayer(payer: Payer): PaymentPayer {
  const { value } = payer.opening.terms.chain
  return {
    method: LINK,
    pay: async ({ amount }) => {
      if (value === 0n) throw new PaymentError('payment/chain-spent')
      const links = Number((amount + value - 1n) / value)
      return encodePaymentTicket({
        kind: 'link',
        channel: payer.channel,
        payment: payer.link(Math.max(1, links)),
      })
    },
  }
}

/** Tokens of a wallet: the amount is what one is worth. */
export function tokenPayer(wallet: TokenWallet): PaymentPayer {
  return {
    method: TOKEN,
    pay: async ({ amount }) => {
      const token = await wallet.take(Number(amount))
      if (token === undefined) throw new PaymentError('payment/no-credit')
      return token
    },
  }
}

interface PayeeOptions {
  readonly till: Till
  readonly crypto: CryptoProvider
  readonly clock: Clock
}

interface Price {
  readonly method: string
  amount(till: Till, request: PaymentRequest): bigint
  take(till: Till, proof: Uint8Array, purchase: Purchase): Promise<void>
}

const PRICES: Readonly<Record<'voucher' | 'hash-chain' | 'blind-token', Price>> = {
  voucher: {
    method: VOUCHER,
    amount: ({ tariff }, { bytes, days }) => costOf(tariff, bytes, days),
    take: (till, proof, purchase) => till.takePayment(proof, purchase),
  },
  'hash-chain': {
    method: LINK,
    amount: ({ tariff }, { bytes, days }) => costOf(tariff, bytes, days),
    take: (till, proof, purchase) => till.takePayment(proof, purchase),
  },
  'blind-token': {
    method: TOKEN,
    amount: (till, { bytes, days }) => {
      const value = valueFor(till.issuer?.statement().values ?? [], bytes, days)
      if (value === undefined) throw new PaymentError('payment/bad-tariff', { details: { bytes, days } })
      return BigInt(value)
    },
    take: (till, proof, purchase) => till.takeToken(proof, purchase),
  },
}

/** The payee of one method. A quote's memo says what was asked; a proof is taken once for a quote. */
export function tillPayee(method: keyof typeof PRICES, { till, crypto, clock }: PayeeOptions): PaymentPayee {
  const price = PRICES[method]
  const open = new Map<string, PaymentRequest & { readonly expiresAt: number }>()
  /** Those that have expired, and the oldest beyond the limit: a map keeps the order of insertion. */
  const drop = (): void => {
    for (const [memo, { expiresAt }] of open)
      if (expiresAt <= clock.now() || open.size >= MAX_OPEN_QUOTES) open.delete(memo)
  }
  return {
    method: price.method,
    quote: async (request) => {
      drop()
      const memo = crypto.randomBytes(PURPOSE_BYTES)
      const expiresAt = clock.now() + QUOTE_LIFE_MS
      open.set(memo.join(), { ...request, expiresAt })
      return { method: price.method, amount: price.amount(till, request), memo, expiresAt }
    },
    verify: async ({ memo, method: named }: PaymentQuote, proof) => {
      const request = open.get(memo.join())
      if (request === undefined || named !== price.method || request.expiresAt <= clock.now()) return false
      try {
        await price.take(till, proof, { ...request, purpose: memo })
        return open.delete(memo.join())
      } catch (error) {
        if (error instanceof PaymentError) return false
        throw error
      }
    },
    settle: async (io) => {
      await till.settle(io)
    },
  }
}
