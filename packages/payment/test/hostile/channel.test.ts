import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  createChain,
  encodePaymentTicket,
  MAX_AMOUNT,
  openChannel,
  signVoucher,
  type Voucher,
} from '@hyphae/payment'
import { describe, expect, it } from 'vitest'
import { DAY, openCustomer, openMarket, purchase } from '../support/market.js'

const code = (name: string) => expect.objectContaining({ code: `payment/${name}` })

async function scene() {
  const market = await openMarket()
  const customer = await openCustomer(market, { credit: 1000n })
  await market.till.pay(await customer.payer.voucher(100n))
  const { channel, key } = customer
  const sign = (changes: Partial<Voucher>): Voucher =>
    signVoucher(crypto, key, { channel, amount: 101n, expiresAt: market.clock.now() + DAY, ...changes })
  /** Everything the till knows. */
  const state = async () => ({
    balance: await market.till.balance(channel),
    payer: await market.ledger.balance(key.publicKey),
    records: (await market.store.list(['channel'])).map(({ value }) => value),
  })
  return { market, customer, sign, state }
}

describe('hostile 8: a voucher', () => {
  it.each([
    ['that goes backward', { amount: 99n }, 'backward'],
    ['that was paid with', { amount: 100n }, 'backward'],
    ['that has expired', { expiresAt: 1 }, 'expired'],
    ['of a channel that is not there', { channel: crypto.randomBytes(32) }, 'unknown-channel'],
    ['beyond the account', { amount: 1001n }, 'over-capacity'],
    ['of the largest amount there is', { amount: MAX_AMOUNT }, 'over-capacity'],
  ])('%s is refused, and nothing changes', async (_what, changes, name) => {
    const { market, sign, state } = await scene()
    const before = await state()
    await expect(market.till.pay(sign(changes))).rejects.toThrow(code(name))
    expect(await state()).toEqual(before)
  })

  it('of another channel of the same payer is refused there', async () => {
    const { market, customer } = await scene()
    const other = await openCustomer(market, { key: customer.key })
    const voucher = await other.payer.voucher(500n)
    const moved = { ...voucher, channel: customer.channel }
    await expect(market.till.pay(moved)).rejects.toThrow(code('bad-signature'))
  })

  it('signed by another key, or with any bit flipped, is refused', async () => {
    const { market, sign, state } = await scene()
    const before = await state()
    const good = sign({})
    const other = signVoucher(crypto, crypto.ed25519.generate(), good)
    await expect(market.till.pay(other)).rejects.toThrow(code('bad-signature'))
    for (let at = 0; at < 64; at += 9) {
      const signature = good.signature.slice()
      signature[at] = (signature[at] as number) ^ 4
      await expect(market.till.pay({ ...good, signature })).rejects.toThrow(code('bad-signature'))
    }
    await expect(market.till.pay({ ...good, amount: 102n })).rejects.toThrow(code('bad-signature'))
    expect(await state()).toEqual(before)
  })

  it('that two connections bring at once pays once', async () => {
    const { market, customer, sign } = await scene()
    const voucher = sign({ amount: 150n })
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => market.till.pay(voucher)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await market.till.balance(customer.channel)).credit).toBe(150n)
    expect(await market.ledger.balance(market.till.payee)).toBe(150n)
  })

  it('does not sign an amount that does not fit', async () => {
    const { sign, customer } = await scene()
    expect(() => sign({ amount: MAX_AMOUNT + 1n })).toThrow(code('bad-amount'))
    expect(() => sign({ amount: -1n })).toThrow(code('bad-amount'))
    await expect(customer.payer.voucher(MAX_AMOUNT)).rejects.toThrow(code('over-capacity'))
  })
})

describe('hostile 8: a link of a hash chain', () => {
  async function chained() {
    const market = await openMarket()
    const nonce = crypto.randomBytes(16)
    const chain = createChain(crypto, { secret: crypto.randomBytes(32), nonce, links: 10_000, value: 1n })
    const customer = await openCustomer(market, { chain, nonce, credit: 100_000n })
    await market.till.payLink(customer.channel, chain.pay(10))
    return { market, chain, ...customer }
  }

  it('that was shown, or an earlier one, pays nothing', async () => {
    const { market, chain, channel } = await chained()
    for (const index of [10, 9, 1])
      await expect(market.till.payLink(channel, chain.pay(index))).rejects.toThrow(code('backward'))
    expect((await market.till.balance(channel)).credit).toBe(10n)
  })

  it('that is none, or claims another place, is refused', async () => {
    const { market, chain, channel } = await chained()
    const { link } = chain.pay(11)
    await expect(market.till.payLink(channel, { index: 12, link })).rejects.toThrow(code('bad-link'))
    await expect(market.till.payLink(channel, { index: 11, link: crypto.randomBytes(32) })).rejects.toThrow(
      code('bad-link'),
    )
    await expect(market.till.payLink(channel, { index: 10_001, link })).rejects.toThrow(code('over-capacity'))
  })

  it('hostile 10: far ahead is refused before it is hashed', async () => {
    const { market, chain, channel } = await chained()
    await expect(market.till.payLink(channel, chain.pay(9_000))).rejects.toThrow(code('bad-link'))
  })

  it('of a channel without a chain is refused', async () => {
    const { market, chain } = await chained()
    const plain = await openCustomer(market)
    await expect(market.till.payLink(plain.channel, chain.pay(11))).rejects.toThrow(code('over-capacity'))
  })
})

describe('hostile 14: an opening', () => {
  it('that its payer did not sign, is for another payee, has no money or is over, opens nothing', async () => {
    const market = await openMarket()
    const { terms, key } = await openCustomer(market)
    const stranger = crypto.ed25519.generate()
    const forged = { ...openChannel(crypto, stranger, terms), terms }
    await expect(market.till.open(forged)).rejects.toThrow(code('bad-signature'))
    const elsewhere = openChannel(crypto, key, { ...terms, payee: stranger.publicKey })
    await expect(market.till.open(elsewhere)).rejects.toThrow(code('wrong-channel'))
    await expect(market.till.open(openChannel(crypto, stranger, terms))).rejects.toThrow(code('unfunded'))
    await expect(market.till.open(openChannel(crypto, key, { ...terms, funding: 77 }))).rejects.toThrow(
      code('unfunded'),
    )
    for (const expiresAt of [market.clock.now(), market.clock.now() + 500 * DAY])
      await expect(market.till.open(openChannel(crypto, key, { ...terms, expiresAt }))).rejects.toThrow(
        code('expired'),
      )
    expect(await market.store.list(['channel'])).toHaveLength(1)
  })
})

describe('hostile 38: channels', () => {
  it('of one payer are few, until they are over', async () => {
    const market = await openMarket()
    const { key } = await openCustomer(market)
    for (let i = 1; i < 16; i++) await openCustomer(market, { key })
    await expect(openCustomer(market, { key })).rejects.toThrow(code('too-many-channels'))
    await openCustomer(market)
    market.clock.advance(100 * DAY)
    await market.till.sweep()
    expect(await market.store.list(['payer'])).toHaveLength(0)
    await openCustomer(market, { key })
  })
})

describe('hostile 8: a payment ticket', () => {
  it('remembers a limited number of puts, and charges each of them', async () => {
    const market = await openMarket()
    const { payer, channel } = await openCustomer(market)
    for (let i = 0; i < 40; i++) {
      const ticket = encodePaymentTicket({ kind: 'voucher', voucher: await payer.voucher(2n) })
      await market.till.takePayment(ticket, purchase(2048, 1))
    }
    expect(await market.till.balance(channel)).toMatchObject({ credit: 0n, voucherPaid: 80n })
    const [record] = await market.store.list(['channel'])
    expect(record?.value.length).toBeLessThan(1500)
  })

  it('of a channel that is over is refused', async () => {
    const market = await openMarket()
    const { payer } = await openCustomer(market)
    const ticket = encodePaymentTicket({ kind: 'voucher', voucher: await payer.voucher(2n) })
    market.clock.advance(100 * DAY)
    await expect(market.till.takePayment(ticket, purchase(2048, 1))).rejects.toThrow(code('expired'))
  })
})
