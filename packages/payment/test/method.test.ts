import type { PaymentPayer } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { chainPayer, createChain, tillPayee, tokenPayer, voucherPayer } from '@hyphae/payment'
import { describe, expect, it } from 'vitest'
import { buy, openCustomer, openMarket } from './support/market.js'

const METHODS = ['voucher', 'hash-chain', 'blind-token'] as const

async function parties(method: (typeof METHODS)[number]) {
  const market = await openMarket()
  const nonce = crypto.randomBytes(16)
  const chain = createChain(crypto, { secret: crypto.randomBytes(32), nonce, links: 100, value: 3n })
  const customer = await openCustomer(market, { chain, nonce })
  await market.till.pay(await customer.payer.voucher(100n))
  await buy(market, customer, 14_336, 3)
  const payers: Record<typeof method, PaymentPayer> = {
    voucher: voucherPayer(customer.payer),
    'hash-chain': chainPayer(customer.payer),
    'blind-token': tokenPayer(customer.wallet),
  }
  const { till, clock } = market
  return { market, payer: payers[method], payee: tillPayee(method, { till, crypto, clock }) }
}

describe.each(METHODS)('%s', (method) => {
  it('pays what was quoted, once', async () => {
    const { payer, payee } = await parties(method)
    const quote = await payee.quote({ bytes: 2048, days: 7 })
    expect(payer.method).toBe(payee.method)
    const proof = await payer.pay(quote)
    expect(await payee.verify(quote, proof)).toBe(true)
    expect(await payee.verify(quote, proof)).toBe(false)
    const other = await payee.quote({ bytes: 2048, days: 7 })
    expect(await payee.verify(other, proof)).toBe(false)
    await payee.settle()
  })

  it('does not pay a quote that is over, or of nobody', async () => {
    const { market, payer, payee } = await parties(method)
    const quote = await payee.quote({ bytes: 2048, days: 7 })
    const proof = await payer.pay(quote)
    expect(await payee.verify({ ...quote, memo: crypto.randomBytes(16) }, proof)).toBe(false)
    market.clock.advance(3_600_000)
    expect(await payee.verify(quote, proof)).toBe(false)
  })
})
