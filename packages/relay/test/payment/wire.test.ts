import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { channelId, createChain, encodePaymentTicket, openChannel, TRUSTED_FUNDING } from '@hyphae/payment'
import { startRelay } from '@hyphae/relay'
import { type TtlClass, tokenTickets } from '@hyphae/transport-relay'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { carrierTo, DAY, openCustomer, PAYING } from '../support/paying.js'
import { newBox, type RelayFixture, startFixture, temporaryFolder } from '../support/relay.js'

const code = (name: string) => expect.objectContaining({ code: `relay-carrier/${name}` })

let fixture: RelayFixture
beforeAll(async () => {
  fixture = await startFixture(PAYING)
})
afterAll(() => fixture.dispose())

const put = (size = 512, ttl: TtlClass = 1) => ({
  box: newBox().id,
  id: crypto.randomBytes(16),
  frame: crypto.randomBytes(size),
  ttl,
})

describe('a relay that takes payment', () => {
  it('names what it asks and stores nothing for nothing', async () => {
    const carrier = await carrierTo(fixture.server.url)
    const { payee, tariff, fundings, statement } = await carrier.cashier.offer()
    expect(payee).toEqual(fixture.server.payment?.till?.payee)
    expect(tariff).toEqual(PAYING.payment.tariff)
    expect(fundings).toEqual([1, 0])
    expect(statement?.name).toBe('relay.example')
    expect((await carrier.describe()).tickets).toEqual(['token', 'payment'])
    await expect(carrier.mailbox.put([put()])).rejects.toThrow(code('ticket-needed'))
    await carrier.close()
  })

  it('sells tokens through a channel and stores for tokens alone', async () => {
    const shop = await carrierTo(fixture.server.url)
    const customer = await openCustomer(fixture.server, shop)
    expect((await shop.cashier.pay(await customer.payer.voucher(10n))).credit).toBe(10n)
    await customer.buy(2048, 3)
    expect((await shop.cashier.balance(customer.channel)).credit).toBe(4n)
    const ticketFor = tokenTickets({ wallet: customer.wallet, statement: customer.statement, ttl: 1 })
    const sender = await carrierTo(fixture.server.url, { ticketFor, ttl: 1 })
    const reader = await carrierTo(fixture.server.url)
    const box = newBox()
    const frame = crypto.randomBytes(2048)
    await sender.mailbox.put([{ box: box.id, id: crypto.randomBytes(16), frame }])
    expect((await reader.mailbox.fetch(box))[0]?.frame).toEqual(frame)
    expect(await customer.wallet.count(2048)).toBe(2)
    // A week of it is worth more than this token.
    await expect(sender.mailbox.put([put(2048, 7)])).rejects.toThrow(code('ticket-needed'))
    await Promise.all([shop.close(), sender.close(), reader.close()])
  })

  it('stores for vouchers and links, by size and days', async () => {
    const shop = await carrierTo(fixture.server.url)
    const key = crypto.ed25519.generate()
    await fixture.server.payment?.ledger?.credit(key.publicKey, 1000n)
    const nonce = crypto.randomBytes(16)
    const chain = createChain(crypto, { secret: crypto.randomBytes(32), nonce, links: 100, value: 1n })
    const { payee } = await shop.cashier.offer()
    const opening = openChannel(crypto, key, {
      payee,
      nonce,
      expiresAt: Date.now() + DAY,
      chain: chain.commitment,
      funding: 1,
      reference: new Uint8Array(0),
    })
    await shop.cashier.open(opening)
    const customer = await openCustomer(fixture.server, shop)
    const voucher = await customer.payer.voucher(14n)
    const byVoucher = { kind: 'payment', bytes: encodePaymentTicket({ kind: 'voucher', voucher }) } as const
    await shop.mailbox.put([{ ...put(2048, 7), ticket: byVoucher }])
    expect((await shop.cashier.balance(customer.channel)).credit).toBe(0n)
    const channel = channelId(crypto, opening.terms)
    const byLink = {
      kind: 'payment',
      bytes: encodePaymentTicket({ kind: 'link', channel, payment: chain.pay(2) }),
    } as const
    await shop.mailbox.put([{ ...put(2048, 1), ticket: byLink }])
    await expect(shop.mailbox.put([{ ...put(2048, 1), ticket: byLink }])).rejects.toThrow(code('bad-payment'))
    expect(await shop.cashier.payLink(channel, chain.pay(50))).toMatchObject({ credit: 48n, chainIndex: 50 })
    await shop.close()
  })

  it('charges a repeated put once, whichever connection repeats it', async () => {
    const shop = await carrierTo(fixture.server.url)
    const customer = await openCustomer(fixture.server, shop)
    await shop.cashier.pay(await customer.payer.voucher(100n))
    await customer.buy(2048, 1)
    const bytes = (await customer.wallet.take(2048)) as Uint8Array
    const item = { ...put(), ticket: { kind: 'token', bytes } as const }
    await shop.mailbox.put([item])
    const other = await carrierTo(fixture.server.url)
    await other.mailbox.put([item])
    await expect(other.mailbox.put([{ ...put(), ticket: item.ticket }])).rejects.toThrow(code('bad-ticket'))
    await Promise.all([shop.close(), other.close()])
  })

  it('keeps channels, credit and spent tokens over a restart', async () => {
    const folder = await temporaryFolder()
    const first = await startRelay({ data: folder.path, ...PAYING })
    const shop = await carrierTo(first.url)
    const customer = await openCustomer(first, shop)
    await shop.cashier.pay(await customer.payer.voucher(50n))
    await customer.buy(2048, 2)
    const spent = { kind: 'token', bytes: (await customer.wallet.take(2048)) as Uint8Array } as const
    await shop.mailbox.put([{ ...put(), ticket: spent }])
    const { payee } = await shop.cashier.offer()
    await shop.close()
    await first.close()
    const second = await startRelay({ data: folder.path, ...PAYING })
    const again = await carrierTo(second.url)
    expect((await again.cashier.offer()).payee).toEqual(payee)
    expect((await again.cashier.balance(customer.channel)).credit).toBe(46n)
    await expect(again.mailbox.put([{ ...put(), ticket: spent }])).rejects.toThrow(code('bad-ticket'))
    const fresh = { kind: 'token', bytes: (await customer.wallet.take(2048)) as Uint8Array } as const
    await again.mailbox.put([{ ...put(), ticket: fresh }])
    await again.close()
    await second.close()
    await folder.remove()
  })

  it('gives trusted peers tokens for nothing', async () => {
    const friend = crypto.ed25519.generate()
    const own = await startFixture({ ...PAYING, payment: { ...PAYING.payment, trusted: [friend.publicKey] } })
    const shop = await carrierTo(own.server.url)
    const customer = await openCustomer(own.server, shop, {
      key: friend,
      credit: 0n,
      funding: TRUSTED_FUNDING,
    })
    await customer.buy(2048, 2)
    const ticket = { kind: 'token', bytes: (await customer.wallet.take(2048)) as Uint8Array } as const
    await shop.mailbox.put([{ ...put(), ticket }])
    await expect(openCustomer(own.server, shop, { credit: 0n, funding: TRUSTED_FUNDING })).rejects.toThrow(
      code('no-credit'),
    )
    await shop.close()
    await own.dispose()
  })

  it('keeps nothing that ties a spent token to the channel it was bought through', async () => {
    const folder = await temporaryFolder()
    const log = join(folder.path, 'traffic')
    const server = await startRelay({ data: join(folder.path, 'data'), trafficLog: log, ...PAYING })
    const shop = await carrierTo(server.url)
    const customer = await openCustomer(server, shop)
    await shop.cashier.pay(await customer.payer.voucher(10n))
    await customer.buy(2048, 1)
    await shop.close()
    const bought = await readFile(log)
    const token = (await customer.wallet.take(2048)) as Uint8Array
    const [nonce, signature] = [token.slice(2, 34), token.slice(98)]
    // What the relay saw while it sold.
    for (const bytes of [nonce, signature, signature.slice(0, 32)])
      expect(bought.includes(Buffer.from(bytes))).toBe(false)
    const sender = await carrierTo(server.url)
    await sender.mailbox.put([{ ...put(), ticket: { kind: 'token', bytes: token } }])
    await sender.close()
    await server.close()
    const kept = await everythingIn(join(folder.path, 'data'))
    expect(kept.includes(Buffer.from(customer.channel))).toBe(true)
    for (const bytes of [nonce, signature]) expect(kept.includes(Buffer.from(bytes))).toBe(false)
    await folder.remove()
  })
})

async function everythingIn(folder: string): Promise<Buffer> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const contents = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name)))
  return Buffer.concat(await Promise.all(contents))
}
