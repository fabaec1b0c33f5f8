import { systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { embeddedEngine } from '@hyphae/relay'
import { signStockUpload } from '@hyphae/tlv'
import {
  BLOBS_SUBJECT,
  blobSubject,
  capabilityTicket,
  entrySubject,
  stockSubject,
  type Ticket,
  type TicketsFor,
  workTicket,
} from '@hyphae/transport-relay'
import { afterEach, describe, expect, it } from 'vitest'
import { withIssuerKeys } from '../support/issuer-keys.js'
import { openCustomer, PAYING, PRICES } from '../support/paying.js'
import { newBox, type RelayFixture, startFixture } from '../support/relay.js'

let fixture: RelayFixture
afterEach(() => fixture.dispose())

const { sha256 } = crypto
const code = (name: string) => expect.objectContaining({ code: `relay-carrier/${name}` })
const DAY = 86_400_000
/** A blob of 2,048 bytes for its thirty days. */
const VALUE = 30 * 2048

function blob(size = 1000) {
  const data = crypto.randomBytes(size)
  return { hash: sha256(data), data }
}

const writer = crypto.ed25519.generate()
let sequence = 0
function upload() {
  sequence += 1
  return signStockUpload(crypto, writer, {
    kind: 1,
    sequence,
    items: [crypto.randomBytes(40)],
    lastResort: new Uint8Array(0),
    replace: false,
  })
}

/** All three writes of one client. */
async function writeAll(ticketsFor?: TicketsFor): Promise<unknown[]> {
  const client = await fixture.connect(ticketsFor === undefined ? {} : { ticketsFor })
  const log = newBox()
  const outcomes = await Promise.allSettled([
    client.blobs.put([blob()]),
    client.logs.append(log, 0, crypto.randomBytes(50)),
    client.directory.stock(upload()),
  ])
  await client.close()
  return outcomes.map((one) => (one.status === 'fulfilled' ? 'written' : one.reason.code))
}

const WRITTEN = ['written', 'written', 'written']
const NEEDED = Array.from({ length: 3 }, () => 'relay-carrier/ticket-needed')
const BAD = Array.from({ length: 3 }, () => 'relay-carrier/bad-ticket')
const only = (...kinds: Ticket['kind'][]) => ({ blobs: kinds, logs: kinds, stocks: kinds })

describe('writing blobs, logs and stocks', () => {
  it('is free where the operator says nothing, with or without a ticket', async () => {
    fixture = await startFixture({ limits: { workBits: 4 } })
    const { blobTickets, logTickets } = await (await fixture.connect()).describe()
    expect(blobTickets).toContain('none')
    expect(logTickets).toEqual(blobTickets)
    expect(await writeAll()).toEqual(WRITTEN)
    const bad: Ticket = { kind: 'work', bytes: new Uint8Array(12) }
    expect(await writeAll({ blob: () => bad, entry: () => bad, stock: () => bad })).toEqual(BAD)
  })

  it('takes work that was done for this very write', async () => {
    fixture = await startFixture({ limits: { workBits: 6 }, writes: only('work') })
    const options = { bits: 6, sha256, clock: systemClock }
    const tickets: TicketsFor = {
      blob: ({ hash, data }) => workTicket(blobSubject(hash, data), options),
      entry: (log, position, entry) => workTicket(entrySubject(log, position, entry, sha256), options),
      stock: (one) => workTicket(stockSubject(one, sha256), options),
    }
    expect(await writeAll()).toEqual(NEEDED)
    expect(await writeAll(tickets)).toEqual(WRITTEN)
    const other = await workTicket(blobSubject(blob().hash, blob().data), { ...options, bits: 12 })
    const moved = await writeAll({ blob: () => other, entry: () => other, stock: () => other })
    expect(moved.filter((one) => one === 'relay-carrier/bad-ticket').length).toBeGreaterThanOrEqual(2)
  })

  it('takes capabilities of the operator, as often as they say, and a repeated write costs nothing', async () => {
    const key = crypto.ed25519.generate()
    fixture = await startFixture({ writes: only('capability'), writeKey: key.publicKey })
    const sign = (message: Uint8Array): Uint8Array => crypto.ed25519.sign(key, message)
    const grant = { expires: Date.now() + DAY, uses: 2, serial: crypto.randomBytes(16) }
    const ticket = capabilityTicket(BLOBS_SUBJECT, grant, sign)
    const client = await fixture.connect({ ticketsFor: { blob: () => ticket } })
    const [first, second, third] = [blob(), blob(), blob()]
    await client.blobs.put([first])
    await client.blobs.put([first])
    await client.blobs.put([second, first])
    await expect(client.blobs.put([third])).rejects.toThrow(code('bad-ticket'))
    expect(await client.blobs.has([first.hash, second.hash, third.hash])).toEqual([true, true, false])
    const strangers = capabilityTicket(BLOBS_SUBJECT, { ...grant, uses: 0 }, (message) =>
      crypto.ed25519.sign(crypto.ed25519.generate(), message),
    )
    expect(await writeAll({ blob: () => strangers, entry: () => ticket, stock: () => ticket })).toEqual(BAD)
    const forWriter = capabilityTicket(writer.publicKey, { ...grant, uses: 0 }, sign)
    expect((await writeAll({ stock: () => forWriter }))[2]).toBe('written')
  })

  it('hostile 8: takes a token once, for a blob or for a frame', async () => {
    fixture = await startFixture({
      ...PRICES,
      payment: { ...PRICES.payment, tokenValues: [VALUE] },
      engine: withIssuerKeys(embeddedEngine, VALUE),
      writes: only('token'),
    })
    const shop = await fixture.connect()
    const customer = await openCustomer(fixture.server, shop)
    await shop.cashier.pay(await customer.payer.voucher(1_000n))
    await customer.buy(VALUE, 2)
    const take = async (): Promise<Ticket> => ({
      kind: 'token',
      bytes: (await customer.wallet.take(VALUE)) as Uint8Array,
    })
    const [one, two] = [await take(), await take()]
    expect(await writeAll()).toEqual(NEEDED)
    const put = (ticket: Ticket) =>
      shop.mailbox.put([{ box: newBox().id, id: crypto.randomBytes(16), frame: new Uint8Array(128), ticket }])
    await put(one)
    expect((await writeAll({ blob: () => one }))[0]).toBe('relay-carrier/bad-ticket')
    const bought = blob(2048)
    const client = await fixture.connect({ ticketsFor: { blob: () => two } })
    await expect(client.blobs.put([blob(2049)])).rejects.toMatchObject({ code: 'relay-carrier/no-credit' })
    await client.blobs.put([bought])
    await client.blobs.put([bought])
    await expect(client.blobs.put([blob(2048)])).rejects.toThrow(code('bad-ticket'))
    await expect(put(two)).rejects.toThrow(code('bad-ticket'))
  })

  it('is charged to a channel for as many bytes and days as it takes', async () => {
    fixture = await startFixture({ ...PAYING, writes: only('payment') })
    const shop = await fixture.connect()
    const { payer } = await openCustomer(fixture.server, shop)
    const { encodePaymentTicket } = await import('@hyphae/payment')
    const paying = async (amount: bigint): Promise<Ticket> => ({
      kind: 'payment',
      bytes: encodePaymentTicket({ kind: 'voucher', voucher: await payer.voucher(amount) }),
    })
    const client = await fixture.connect({ ticketsFor: { blob: () => paying(60n) } })
    await client.blobs.put([blob(2048)])
    expect((await shop.cashier.balance(payer.channel)).credit).toBe(0n)
    await expect(client.blobs.put([blob(2049)])).rejects.toMatchObject({ code: 'relay-carrier/no-credit' })
  })
})
