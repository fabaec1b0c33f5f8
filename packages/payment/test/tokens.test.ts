import { toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  agreeing,
  createWallet,
  decodeStatement,
  encodeStatement,
  issuerKey,
  requestToken,
  verifyStatement,
  verifyToken,
} from '@hyphae/payment'
import { verifierOf } from '@hyphae/payment/issuer'
import { memoryStore } from '@hyphae/store'
import { describe, expect, it } from 'vitest'
import { signStatement } from '../src/tokens/statement.js'
import { buy, DAY, openCustomer, openMarket, purchase } from './support/market.js'

const WEEK = 7 * DAY

describe('blind tokens', () => {
  it('are bought through a channel and spent without it', async () => {
    const market = await openMarket()
    const customer = await openCustomer(market)
    await market.till.pay(await customer.payer.voucher(10n))
    await buy(market, customer, 2048, 5)
    expect((await market.till.balance(customer.channel)).credit).toBe(0n)
    const token = (await customer.wallet.take(2048)) as Uint8Array
    await market.till.takeToken(token, purchase(2048, 1))
    expect(await customer.wallet.count(2048)).toBe(4)
  })

  it('show the issuer nothing of themselves while they are bought', async () => {
    const market = await openMarket()
    const customer = await openCustomer(market)
    await market.till.pay(await customer.payer.voucher(10n))
    const batch = customer.wallet.prepare(2048, 1)
    const order = customer.payer.order(batch.keyId, batch.blinded)
    const signatures = await market.till.sell(order)
    await batch.finish(signatures)
    const token = toHex((await customer.wallet.take(2048)) as Uint8Array)
    const seen = [...order.blinded, ...signatures].map(toHex)
    const nonce = token.slice(4, 68)
    const signature = token.slice(2 * 98)
    for (const bytes of seen) expect(bytes).not.toContain(nonce)
    expect(seen).not.toContain(signature)
  })

  it('of one request are blinded differently each time', async () => {
    const { issuer } = await openMarket()
    const key = issuerKey(crypto, issuer.statement().keys[0]?.moduli[0] as Uint8Array)
    const all = Array.from({ length: 20 }, () => toHex(requestToken(crypto, key, 'relay.example').request))
    expect(new Set(all).size).toBe(20)
  })

  it('verify the same with and without OpenSSL', async () => {
    const market = await openMarket()
    const customer = await openCustomer(market)
    await market.till.pay(await customer.payer.voucher(2n))
    await buy(market, customer, 2048, 1)
    const token = (await customer.wallet.take(2048)) as Uint8Array
    const [key] = market.issuer.statement().keys
    const portable = issuerKey(crypto, key?.moduli[0] as Uint8Array)
    for (let at = 34; at < token.length; at += 7) {
      const changed = token.slice()
      changed[at] = (changed[at] as number) ^ 1
      expect(verifyToken(crypto, changed, portable, 'relay.example')).toBe(false)
      expect(market.issuer.verify(changed)).toBeNull()
    }
    expect(verifyToken(crypto, token, portable, 'relay.example')).toBe(true)
    expect(market.issuer.verify(token)).toMatchObject({ value: 2048 })
  })

  it('that are asked for again are signed again and charged once', async () => {
    const market = await openMarket()
    const customer = await openCustomer(market)
    await market.till.pay(await customer.payer.voucher(20n))
    const batch = customer.wallet.prepare(2048, 2)
    const order = customer.payer.order(batch.keyId, batch.blinded)
    const first = await market.till.sell(order)
    expect(await market.till.sell(order)).toEqual(first)
    expect((await market.till.balance(customer.channel)).credit).toBe(16n)
    const other = { ...order, blinded: customer.wallet.prepare(2048, 2).blinded }
    await expect(market.till.sell(other)).rejects.toMatchObject({ code: 'payment/bad-signature' })
  })

  it('are worth what their key says', async () => {
    const market = await openMarket()
    const customer = await openCustomer(market)
    await market.till.pay(await customer.payer.voucher(100n))
    await buy(market, customer, 2048, 1)
    await buy(market, customer, 14_336, 1)
    const small = (await customer.wallet.take(2048)) as Uint8Array
    await expect(market.till.takeToken(small, purchase(2048, 7))).rejects.toMatchObject({
      code: 'payment/no-credit',
    })
    const large = (await customer.wallet.take(14_336)) as Uint8Array
    await market.till.takeToken(large, purchase(2048, 7))
    expect((await market.till.balance(customer.channel)).credit).toBe(100n - 2n - 14n)
  })
})

describe('keys of an issuer', () => {
  it('change with the epoch; tokens of the last one are still taken, older ones are not', async () => {
    const market = await openMarket()
    const customer = await openCustomer(market)
    await market.till.pay(await customer.payer.voucher(100n))
    await buy(market, customer, 2048, 2)
    const token = (await customer.wallet.take(2048)) as Uint8Array
    const before = market.issuer.statement()
    market.clock.advance(WEEK)
    await market.till.sweep()
    const after = market.issuer.statement()
    expect(after.epoch).toBe(before.epoch + 1)
    expect(agreeing([before, after])).toBe(true)
    await market.till.takeToken(token, purchase())
    market.clock.advance(WEEK)
    await market.till.sweep()
    expect(market.issuer.verify(token)).toBeNull()
    expect(await customer.wallet.take(2048)).toBeUndefined()
  })

  it('survive a restart', async () => {
    const store = memoryStore()
    const first = await openMarket({ store })
    const second = await openMarket({ store })
    expect(second.issuer.statement().keys).toEqual(first.issuer.statement().keys)
  })

  it('leave nothing of spent tokens when they are over', async () => {
    const market = await openMarket()
    const customer = await openCustomer(market)
    await market.till.pay(await customer.payer.voucher(100n))
    await buy(market, customer, 2048, 3)
    for (let i = 0; i < 3; i++)
      await market.till.takeToken((await customer.wallet.take(2048)) as Uint8Array, purchase())
    expect(await market.store.list(['spent'])).toHaveLength(3)
    market.clock.advance(2 * WEEK)
    await market.till.sweep()
    expect(await market.store.list(['spent'])).toHaveLength(0)
    expect(await market.store.list(['issuer-key'])).toHaveLength(3 * 2)
  })

  it('are enough to take tokens without the secret half', async () => {
    const market = await openMarket()
    const customer = await openCustomer(market)
    await market.till.pay(await customer.payer.voucher(2n))
    await buy(market, customer, 2048, 1)
    const statement = decodeStatement(encodeStatement(market.issuer.statement()))
    const verifier = verifierOf({ crypto, clock: market.clock, statement: () => statement })
    expect(verifier.verify((await customer.wallet.take(2048)) as Uint8Array)).toMatchObject({ value: 2048 })
  })
})

describe('the statement of an issuer', () => {
  it('is signed by the payee', async () => {
    const { issuer, till } = await openMarket()
    const statement = decodeStatement(encodeStatement(issuer.statement()))
    verifyStatement(crypto, statement, till.payee)
    expect(() => verifyStatement(crypto, { ...statement, name: 'other.example' }, till.payee)).toThrow(
      expect.objectContaining({ code: 'payment/bad-signature' }),
    )
  })

  it('that names another key to another client disagrees, though both are signed', async () => {
    const market = await openMarket()
    const other = await openMarket({ ownKeys: true })
    const mine = market.issuer.statement()
    const tagged = signStatement(crypto, market.payeeKey, { ...mine, keys: other.issuer.statement().keys })
    verifyStatement(crypto, tagged, market.till.payee)
    expect(agreeing([mine, mine])).toBe(true)
    expect(agreeing([mine, tagged])).toBe(false)
    expect(agreeing([mine, { ...mine, epochMs: mine.epochMs + 1 }])).toBe(false)
  })

  it('has one key for each epoch and value, in order, or does not decode', async () => {
    const { issuer, payeeKey } = await openMarket()
    const statement = issuer.statement()
    const [first, second] = statement.keys
    if (first === undefined || second === undefined) throw new Error('two epochs')
    for (const keys of [
      [first, first],
      [second, first],
      [second],
      [{ ...first, moduli: first.moduli.slice(1) }],
      [],
    ])
      expect(() => signStatement(crypto, payeeKey, { ...statement, keys })).toThrow(
        expect.objectContaining({ code: 'payment/malformed' }),
      )
    expect(() => signStatement(crypto, payeeKey, { ...statement, values: [2048, 2048] })).toThrow()
  })
})

describe('a wallet', () => {
  it('gives each token once, also to two who ask at once', async () => {
    const market = await openMarket()
    const customer = await openCustomer(market)
    await market.till.pay(await customer.payer.voucher(100n))
    await buy(market, customer, 2048, 4)
    const taken = await Promise.all([1, 2, 3, 4, 5].map(() => customer.wallet.take(2048)))
    const found = taken.filter((token) => token !== undefined)
    expect(new Set(found.map(toHex)).size).toBe(4)
  })

  it('keeps nothing of a batch whose signatures are not right', async () => {
    const market = await openMarket()
    const customer = await openCustomer(market)
    await market.till.pay(await customer.payer.voucher(100n))
    const wallet = createWallet({
      store: memoryStore(),
      crypto,
      clock: market.clock,
      statement: market.issuer.statement(),
    })
    const batch = wallet.prepare(2048, 2)
    const signatures = await market.till.sell(customer.payer.order(batch.keyId, batch.blinded))
    const swapped = [signatures[1], signatures[0]] as Uint8Array[]
    for (const wrong of [swapped, signatures.slice(1), []])
      await expect(batch.finish(wrong)).rejects.toMatchObject({ code: 'payment/bad-signature' })
    expect(await wallet.count(2048)).toBe(0)
    await batch.finish(signatures)
    expect(await wallet.count(2048)).toBe(2)
  })
})
