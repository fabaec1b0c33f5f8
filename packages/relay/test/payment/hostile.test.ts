import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { encodePaymentTicket, openChannel, signOrder, signVoucher } from '@hyphae/payment'
import { verifierOf } from '@hyphae/payment/issuer'
import { DEFAULT_LIMITS, startRelay } from '@hyphae/relay'
import { openCalls } from '@hyphae/transport-relay/hops'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embeddedEngine } from '../../src/engine/embedded.js'
import type { RelayEngine } from '../../src/engine/engine.js'
import { carrierTo, DAY, openCustomer, openingFor, PAYING, PRICES } from '../support/paying.js'
import { newBox, type RelayFixture, startFixture, temporaryFolder } from '../support/relay.js'

const code = (name: string) => expect.objectContaining({ code: `relay-carrier/${name}` })

let fixture: RelayFixture
beforeAll(async () => {
  fixture = await startFixture(PAYING)
})
afterAll(() => fixture.dispose())

const put = (ticket: { kind: 'token' | 'payment'; bytes: Uint8Array }, box = newBox().id) => ({
  box,
  id: crypto.randomBytes(16),
  frame: crypto.randomBytes(512),
  ttl: 1 as const,
  ticket,
})

async function shopping(credit = 100n) {
  const shop = await carrierTo(fixture.server.url)
  const customer = await openCustomer(fixture.server, shop)
  await shop.cashier.pay(await customer.payer.voucher(credit))
  return { shop, customer, cashier: shop.cashier }
}

describe('hostile 8: a token', () => {
  it('that two relays over one store are shown at once buys one frame', async () => {
    const folder = await temporaryFolder()
    const engine = await embeddedEngine({
      data: folder.path,
      limits: DEFAULT_LIMITS,
      clock: systemClock,
      logger: silentLogger,
    })
    // Both speak to the same engine, as relays of a cluster do; closing is left to the test.
    const shared: RelayEngine = { ...engine, close: async () => {} }
    const { server } = fixture
    const statement = () => server.payment?.till?.issuer?.statement() as never
    const verifier = verifierOf({ crypto, clock: systemClock, statement })
    const relays = await Promise.all(
      ['a', 'b'].map((name) =>
        startRelay({
          data: `${folder.path}/${name}`,
          engine: async () => shared,
          payment: { verifier },
          accepts: ['token'],
        }),
      ),
    )
    const { customer, shop } = await shopping()
    await customer.buy(2048, 5)
    const carriers = await Promise.all([...relays, ...relays].map(({ url }) => carrierTo(url)))
    for (let i = 0; i < 5; i++) {
      const ticket = { kind: 'token', bytes: (await customer.wallet.take(2048)) as Uint8Array } as const
      const outcomes = await Promise.allSettled(carriers.map(({ mailbox }) => mailbox.put([put(ticket)])))
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const outcome of outcomes)
        if (outcome.status === 'rejected')
          expect(outcome.reason).toMatchObject({ code: 'relay-carrier/bad-ticket' })
    }
    expect((await engine.stats()).frames[512]).toBe(5)
    await Promise.all([shop, ...carriers].map((carrier) => carrier.close()))
    await Promise.all(relays.map((one) => one.close()))
    await engine.close()
    await folder.remove()
  })

  it('of another issuer, cut, changed, or worth too little is refused and not spent', async () => {
    const { customer, shop } = await shopping()
    const stranger = await startFixture(PRICES)
    const other = await carrierTo(stranger.server.url)
    const there = await openCustomer(stranger.server, other)
    await other.cashier.pay(await there.payer.voucher(10n))
    await there.buy(2048, 1)
    await customer.buy(2048, 1)
    const foreign = (await there.wallet.take(2048)) as Uint8Array
    const own = (await customer.wallet.take(2048)) as Uint8Array
    const changed = own.slice()
    changed[353] = (changed[353] as number) ^ 1
    for (const bytes of [foreign, changed, own.slice(1), new Uint8Array(354), new Uint8Array(0)])
      await expect(shop.mailbox.put([put({ kind: 'token', bytes })])).rejects.toThrow(code('bad-ticket'))
    const large = { ...put({ kind: 'token', bytes: own }), frame: crypto.randomBytes(4096) }
    await expect(shop.mailbox.put([large])).rejects.toThrow(code('no-credit'))
    await shop.mailbox.put([put({ kind: 'token', bytes: own })])
    await Promise.all([shop.close(), other.close()])
    await stranger.dispose()
  })
})

describe('hostile 8: a payment', () => {
  it('backward, expired, of another channel, of nobody or beyond the account is refused', async () => {
    const { customer, shop, cashier } = await shopping()
    const { channel, key } = customer
    const expiresAt = Date.now() + DAY
    const sign = (changes: object) =>
      signVoucher(crypto, key, { channel, amount: 101n, expiresAt, ...changes })
    for (const changes of [
      { amount: 100n },
      { amount: 1n },
      { expiresAt: 1 },
      { channel: crypto.randomBytes(32) },
    ])
      await expect(cashier.pay(sign(changes))).rejects.toThrow(code('bad-payment'))
    await expect(cashier.pay(sign({ amount: 2n ** 64n - 1n }))).rejects.toThrow(code('no-credit'))
    const other = await openCustomer(fixture.server, shop)
    await expect(cashier.pay({ ...(await other.payer.voucher(500n)), channel })).rejects.toThrow(
      code('bad-payment'),
    )
    const voucher = signVoucher(crypto, crypto.ed25519.generate(), { channel, amount: 200n, expiresAt })
    await expect(cashier.pay(voucher)).rejects.toThrow(code('bad-payment'))
    const ticket = { kind: 'payment', bytes: encodePaymentTicket({ kind: 'voucher', voucher }) } as const
    await expect(shop.mailbox.put([put(ticket)])).rejects.toThrow(code('bad-ticket'))
    await expect(shop.mailbox.put([put({ kind: 'payment', bytes: new Uint8Array(9) })])).rejects.toThrow(
      code('bad-ticket'),
    )
    expect((await cashier.balance(channel)).credit).toBe(100n)
    await shop.close()
  })

  it('to another relay, or with no money behind it, opens no channel', async () => {
    const { shop, cashier, customer } = await shopping()
    const { payee } = await cashier.offer()
    const poor = crypto.ed25519.generate()
    await expect(cashier.open(openingFor(poor, payee))).rejects.toThrow(code('no-credit'))
    await expect(cashier.open(openingFor(customer.key, poor.publicKey))).rejects.toThrow(code('bad-payment'))
    const { terms } = openingFor(customer.key, payee)
    const forged = { ...openChannel(crypto, poor, terms), terms }
    await expect(cashier.open(forged)).rejects.toThrow(code('bad-payment'))
    await expect(cashier.balance(crypto.randomBytes(32))).rejects.toThrow(code('bad-payment'))
    await shop.close()
  })
})

describe('hostile 2: blinded numbers', () => {
  it('out of range, too many, or by another payer are not signed', async () => {
    const { shop, cashier, customer } = await shopping()
    const { channel, key } = customer
    const { keyId, blinded } = customer.wallet.prepare(2048, 1)
    const order = { channel, sequence: 1, keyId, blinded }
    const all = new Uint8Array(256).fill(0xff)
    await expect(cashier.order(signOrder(crypto, key, { ...order, blinded: [all] }))).rejects.toThrow(
      code('bad-payment'),
    )
    await expect(cashier.order(signOrder(crypto, crypto.ed25519.generate(), order))).rejects.toThrow(
      code('bad-payment'),
    )
    await expect(cashier.order(signOrder(crypto, key, { ...order, sequence: 7 }))).rejects.toThrow(
      code('bad-payment'),
    )
    const many = customer.wallet.prepare(2048, 64)
    await expect(cashier.order(signOrder(crypto, key, { ...order, blinded: many.blinded }))).rejects.toThrow(
      code('no-credit'),
    )
    expect((await cashier.balance(channel)).credit).toBe(100n)
    await shop.close()
  })

  it('bodies of any other length end the connection or are refused', async () => {
    const calls = openCalls(fixture.server.url, { clock: systemClock, logger: silentLogger })
    for (const length of [1, 60, 200, 16_000]) {
      const ask = { kind: 'pay-order', bytes: new Uint8Array(length) } as const
      await expect(calls.call(ask, 'blind-signatures', { repeatable: false })).rejects.toThrow(
        code('bad-payment'),
      )
    }
    const long = { kind: 'pay-voucher', bytes: new Uint8Array(60_000) } as const
    await expect(calls.call(long, 'balance', { repeatable: false })).rejects.toThrow(code('interrupted'))
    await calls.close()
  })
})
