import { defaultCrypto as crypto } from '@hyphae/crypto'
import { createChain, createPayer, encodePaymentTicket, trustedFunding } from '@hyphae/payment'
import { describe, expect, it } from 'vitest'
import { TICKET_MEMORY_MS } from '../src/limits.js'
import { buy, DAY, openCustomer, openMarket, purchase } from './support/market.js'

describe('vouchers over the ledger', () => {
  it('move credit from payer to payee as they rise', async () => {
    const market = await openMarket()
    const { payer, key } = await openCustomer(market, { credit: 100n })
    expect((await market.till.pay(await payer.voucher(30n))).credit).toBe(30n)
    expect((await market.till.pay(await payer.voucher(12n))).credit).toBe(42n)
    expect(await market.ledger.balance(key.publicKey)).toBe(58n)
    expect(await market.ledger.balance(market.till.payee)).toBe(42n)
  })

  it('pay for a put and are charged once for a repeated one', async () => {
    const market = await openMarket()
    const { payer, channel } = await openCustomer(market)
    const what = purchase(2048, 7)
    const ticket = encodePaymentTicket({ kind: 'voucher', voucher: await payer.voucher(14n) })
    await market.till.takePayment(ticket, what)
    await market.till.takePayment(ticket, what)
    expect(await market.till.balance(channel)).toMatchObject({ credit: 0n, voucherPaid: 14n })
    await expect(market.till.takePayment(ticket, purchase(2048, 7))).rejects.toMatchObject({
      code: 'payment/backward',
    })
  })

  it('hostile 8: pay for a put no longer than it is known: one that is repeated after that is bought anew', async () => {
    const market = await openMarket()
    const { payer, channel } = await openCustomer(market)
    const what = purchase(2048, 7)
    const [old, fresh] = [await payer.voucher(14n), await payer.voucher(14n)].map((voucher) =>
      encodePaymentTicket({ kind: 'voucher', voucher }),
    ) as [Uint8Array, Uint8Array]
    await market.till.takePayment(old, what)
    market.clock.advance(TICKET_MEMORY_MS - 1)
    await market.till.takePayment(old, what)
    market.clock.advance(1)
    await expect(market.till.takePayment(old, what)).rejects.toMatchObject({ code: 'payment/backward' })
    await market.till.takePayment(fresh, what)
    expect(await market.till.balance(channel)).toMatchObject({ credit: 0n, voucherPaid: 28n })
  })

  it('that are too small for the put change nothing', async () => {
    const market = await openMarket()
    const { payer, channel, key } = await openCustomer(market, { credit: 100n })
    const small = encodePaymentTicket({ kind: 'voucher', voucher: await payer.voucher(13n) })
    await expect(market.till.takePayment(small, purchase(2048, 7))).rejects.toMatchObject({
      code: 'payment/no-credit',
    })
    expect(await market.till.balance(channel)).toMatchObject({ credit: 0n, voucherPaid: 0n })
    expect(await market.ledger.balance(key.publicKey)).toBe(100n)
  })

  it('cannot draw more than the account holds', async () => {
    const market = await openMarket()
    const { payer } = await openCustomer(market, { credit: 5n })
    await expect(market.till.pay(await payer.voucher(6n))).rejects.toMatchObject({
      code: 'payment/over-capacity',
    })
  })
})

describe('hash chains', () => {
  const chained = (links: number, value: bigint) => {
    const nonce = crypto.randomBytes(16)
    return { nonce, chain: createChain(crypto, { secret: crypto.randomBytes(32), nonce, links, value }) }
  }

  it('pay link by link, and over skipped links', async () => {
    const market = await openMarket()
    const { payer, channel, key } = await openCustomer(market, { ...chained(600, 2n), credit: 2000n })
    expect((await market.till.payLink(channel, payer.link())).credit).toBe(2n)
    expect((await market.till.payLink(channel, payer.link(300))).credit).toBe(602n)
    expect((await market.till.payLink(channel, payer.link(299))).credit).toBe(1200n)
    expect(() => payer.link()).toThrow(expect.objectContaining({ code: 'payment/chain-spent' }))
    expect(await market.ledger.balance(key.publicKey)).toBe(800n)
  })

  it('pay for puts', async () => {
    const market = await openMarket()
    const { payer, channel } = await openCustomer(market, chained(100, 1n))
    for (let i = 1; i <= 3; i++) {
      const ticket = encodePaymentTicket({ kind: 'link', channel, payment: payer.link(2) })
      await market.till.takePayment(ticket, purchase(2048, 1))
    }
    expect(await market.till.balance(channel)).toMatchObject({ credit: 0n, chainIndex: 6 })
  })

  it('are the same chain again from the same secret', () => {
    const options = { secret: crypto.randomBytes(32), nonce: crypto.randomBytes(16), links: 700, value: 1n }
    const [first, second] = [createChain(crypto, options), createChain(crypto, options)]
    expect(second.commitment).toEqual(first.commitment)
    expect(second.pay(257)).toEqual(first.pay(257))
  })
})

describe('trusted peers', () => {
  it('get tokens for nothing; others are refused a channel of this kind', async () => {
    const friend = crypto.ed25519.generate()
    const market = await openMarket({ trusted: [friend.publicKey] })
    const customer = await openCustomer(market, { key: friend, credit: 0n, funding: trustedFunding([]).kind })
    await buy(market, customer, 2048, 3)
    expect(await customer.wallet.count(2048)).toBe(3)
    expect(await market.ledger.balance(market.till.payee)).toBe(0n)
    await expect(
      openCustomer(market, { credit: 0n, funding: trustedFunding([]).kind }),
    ).rejects.toMatchObject({
      code: 'payment/unfunded',
    })
  })
})

describe('a channel', () => {
  it('is opened once, however often it is asked for', async () => {
    const market = await openMarket()
    const { payer, channel } = await openCustomer(market)
    await market.till.pay(await payer.voucher(10n))
    expect(await market.till.open(payer.opening)).toEqual(channel)
    expect((await market.till.balance(channel)).credit).toBe(10n)
  })

  it('is forgotten when it is over and settled', async () => {
    const market = await openMarket()
    const { payer, channel } = await openCustomer(market)
    await market.till.pay(await payer.voucher(10n))
    market.clock.advance(101 * DAY)
    await market.till.sweep()
    expect((await market.till.balance(channel)).credit).toBe(10n)
    await market.till.settle()
    await market.till.sweep()
    await expect(market.till.balance(channel)).rejects.toMatchObject({ code: 'payment/unknown-channel' })
  })

  it('takes up where an earlier life of the payer stopped', async () => {
    const market = await openMarket()
    const { payer, key, channel } = await openCustomer(market)
    await market.till.pay(await payer.voucher(10n))
    const { voucherPaid, chainIndex, issueSequence } = await market.till.balance(channel)
    const resume = { voucherPaid, chainIndex, issueSequence }
    const again = createPayer({ crypto, key, opening: payer.opening, budget: 100n, resume })
    expect((await market.till.pay(await again.voucher(5n))).credit).toBe(15n)
    await expect(again.voucher(86n)).rejects.toMatchObject({ code: 'payment/over-capacity' })
  })
})
