import { defaultCrypto as crypto } from '@hyphae/crypto'
import { createTill, issuerKey, signOrder, storedSpent, TOKEN_BYTES } from '@hyphae/payment'
import { describe, expect, it } from 'vitest'
import { buy, openCustomer, openMarket, purchase } from '../support/market.js'

const code = (name: string) => expect.objectContaining({ code: `payment/${name}` })

async function scene(ownKeys = false) {
  const market = await openMarket({ ownKeys })
  const customer = await openCustomer(market)
  await market.till.pay(await customer.payer.voucher(100n))
  await buy(market, customer, 2048, 2)
  const token = (await customer.wallet.take(2048)) as Uint8Array
  return { market, customer, token }
}

describe('hostile 8: a token', () => {
  it('is spent once', async () => {
    const { market, token } = await scene()
    await market.till.takeToken(token, purchase())
    await expect(market.till.takeToken(token, purchase())).rejects.toThrow(code('spent'))
  })

  it('for the same put again is the same spending', async () => {
    const { market, token } = await scene()
    const what = purchase()
    await market.till.takeToken(token, what)
    await market.till.takeToken(token, what)
  })

  it('that two tills of one issuer are shown at once is taken by one', async () => {
    const { market, token } = await scene()
    const { store, clock, payeeKey, issuer } = market
    const other = createTill({
      store,
      crypto,
      clock,
      payeeKey,
      tariff: market.till.tariff,
      fundings: [],
      issuer,
      spent: storedSpent(store),
    })
    for (let round = 0; round < 4; round++) {
      const tills = [market.till, other, market.till, other]
      const outcomes = await Promise.allSettled(tills.map((till) => till.takeToken(token, purchase())))
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(round === 0 ? 1 : 0)
    }
  })

  it('of another issuer, with any part changed, or of another length is refused', async () => {
    const { market, token } = await scene()
    const stranger = await scene(true)
    await expect(market.till.takeToken(stranger.token, purchase())).rejects.toThrow(code('bad-token'))
    for (const at of [2, 33, 40, 70, 100, 200, TOKEN_BYTES - 1]) {
      const changed = token.slice()
      changed[at] = (changed[at] as number) ^ 0x10
      await expect(market.till.takeToken(changed, purchase())).rejects.toThrow(code('bad-token'))
    }
    for (const bytes of [token.slice(1), Uint8Array.of(...token, 0), new Uint8Array(0)])
      await expect(market.till.takeToken(bytes, purchase())).rejects.toThrow(code('malformed'))
    const otherType = token.slice()
    otherType[1] = 1
    await expect(market.till.takeToken(otherType, purchase())).rejects.toThrow(code('malformed'))
    await market.till.takeToken(token, purchase())
  })

  it('with a signature of n and more is refused', async () => {
    const { market, token } = await scene()
    const { moduli } = market.issuer.statement().keys[0] as { moduli: readonly Uint8Array[] }
    for (const signature of [moduli[0] as Uint8Array, new Uint8Array(256).fill(0xff), new Uint8Array(256)]) {
      const changed = token.slice()
      changed.set(signature, TOKEN_BYTES - 256)
      await expect(market.till.takeToken(changed, purchase())).rejects.toThrow(code('bad-token'))
    }
  })
})

describe('hostile 14: an order for tokens', () => {
  it('whose blinded numbers lie out of range is refused and not charged', async () => {
    const { market, customer } = await scene()
    const { keyId, blinded } = customer.wallet.prepare(2048, 1)
    const credit = (await market.till.balance(customer.channel)).credit
    const modulus = market.issuer.statement().keys[0]?.moduli[0] as Uint8Array
    const { channel, key } = customer
    for (const bad of [modulus, new Uint8Array(256).fill(0xff), new Uint8Array(256)]) {
      const order = signOrder(crypto, key, {
        channel,
        sequence: 2,
        keyId,
        blinded: [blinded[0] as Uint8Array, bad],
      })
      await expect(market.till.sell(order)).rejects.toThrow(code('bad-blinded'))
    }
    expect((await market.till.balance(channel)).credit).toBe(credit)
  })

  it('under another key, out of order, without credit or by another payer is refused', async () => {
    const { market, customer } = await scene()
    const { keyId, blinded } = customer.wallet.prepare(2048, 1)
    const next = market.issuer.statement().keys[1]?.moduli[0] as Uint8Array
    const { channel, key } = customer
    const order = { channel, sequence: 2, keyId, blinded }
    const sell = (changes: Partial<typeof order>, signer = key) =>
      market.till.sell(signOrder(crypto, signer, { ...order, ...changes }))
    await expect(sell({ keyId: issuerKey(crypto, next).id })).rejects.toThrow(code('bad-token'))
    await expect(sell({ keyId: crypto.randomBytes(32) })).rejects.toThrow(code('bad-token'))
    await expect(sell({ sequence: 1 })).rejects.toThrow(code('backward'))
    await expect(sell({ sequence: 3 })).rejects.toThrow(code('backward'))
    await expect(sell({}, crypto.ed25519.generate())).rejects.toThrow(code('bad-signature'))
    await expect(sell({ channel: crypto.randomBytes(32) })).rejects.toThrow(code('unknown-channel'))
    await expect(sell({ blinded: customer.wallet.prepare(2048, 64).blinded })).rejects.toThrow(
      code('no-credit'),
    )
  })

  it('that two connections bring at once is charged once', async () => {
    const { market, customer } = await scene()
    const { credit } = await market.till.balance(customer.channel)
    const batch = customer.wallet.prepare(2048, 3)
    const order = customer.payer.order(batch.keyId, batch.blinded)
    const answers = await Promise.all([
      market.till.sell(order),
      market.till.sell(order),
      market.till.sell(order),
    ])
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect((await market.till.balance(customer.channel)).credit).toBe(credit - 6n)
  })
})
