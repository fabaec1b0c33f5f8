import { join } from 'node:path'
import { isHyphaeError, silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type OpenEngine, type Relay, type RelayOptions, signRequest, startRelay } from '@hyphae/relay'
import { relay } from '@hyphae/transport-relay'
import { throughRelay } from '@hyphae/transport-relay/hops'
import { sealPushToken } from '@hyphae/transport-relay/push'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { natsEngine } from '../../src/engine/nats/engine.js'
import { postgresEngine } from '../../src/engine/postgres/engine.js'
import { hopKeyAt } from '../support/hops.js'
import { NATS_MISSING, startNats } from '../support/nats-servers.js'
import { carrierTo, openCustomer, PRICES } from '../support/paying.js'
import { POSTGRES_MISSING, startPostgres } from '../support/postgres-server.js'
import { startPushServer } from '../support/push-service.js'
import { newBox, temporaryFolder } from '../support/relay.js'
import { newKey } from '../support/rest.js'

const SERVICE_KEY = crypto.randomBytes(32)
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Relays that share nothing but the engine's store. */
async function cluster(engine: OpenEngine) {
  const folder = await temporaryFolder()
  ends.push(folder.remove)
  let count = 0
  return async (options: Partial<RelayOptions>): Promise<Relay> => {
    count += 1
    const data = join(folder.path, String(count))
    const server = await startRelay({ data, engine, serviceKey: SERVICE_KEY, ...options })
    ends.push(server.close)
    return server
  }
}

const put = (box = newBox()) =>
  ({ box: box.id, id: crypto.randomBytes(16), frame: crypto.randomBytes(512), ttl: 1 }) as const

async function pays(engine: OpenEngine): Promise<void> {
  const start = await cluster(engine)
  const [first, second] = [await start(PRICES), await start(PRICES)]
  const [one, two] = [await carrierTo(first.url), await carrierTo(second.url)]
  ends.push(one.close, two.close)
  // The ledger is written at one, the channel opened there, paid for and bought from at the other.
  const customer = await openCustomer(first, one)
  expect(await second.payment?.ledger?.balance(customer.key.publicKey)).toBe(10_000n)
  await two.cashier.pay(await customer.payer.voucher(20n))
  const statements = await Promise.all([one, two].map(({ cashier }) => cashier.offer()))
  expect(statements[0]).toEqual(statements[1])
  const buy = async (from: typeof one): Promise<void> => {
    const batch = customer.wallet.prepare(2048, 2)
    await batch.finish(await from.cashier.order(customer.payer.order(batch.keyId, batch.blinded)))
  }
  await buy(two)
  await buy(one)
  const spend = async (at: typeof one, bytes: Uint8Array): Promise<unknown> =>
    at.mailbox.put([{ ...put(), ticket: { kind: 'token', bytes } }]).then(
      () => 'stored',
      (error: unknown) => (isHyphaeError(error) ? error.code : error),
    )
  const token = (await customer.wallet.take(2048)) as Uint8Array
  expect(await spend(one, token)).toBe('stored')
  expect(await spend(two, token)).toBe('relay-carrier/bad-ticket')
  // The relay that all began at is gone.
  await one.close()
  await first.close()
  expect(await spend(two, (await customer.wallet.take(2048)) as Uint8Array)).toBe('stored')
  expect((await two.cashier.pay(await customer.payer.voucher(5n))).voucherPaid).toBe(25n)
  expect(await second.payment?.ledger?.balance(customer.key.publicKey)).toBe(9_975n)
}

async function wakesAndHops(engine: OpenEngine): Promise<void> {
  const service = await startPushServer()
  ends.push(service.close)
  service.answer(201)
  const gateway = { contact: 'mailto:operator@relay.example', unsafeLoopback: true }
  const start = await cluster(engine)
  const options = { push: { gateway }, hops: {} }
  const [first, second] = [await start(options), await start(options)]
  const [one, two] = [await carrierTo(first.url), await carrierTo(second.url)]
  ends.push(one.close, two.close)
  const keys = await one.push.keys()
  expect(await two.push.keys()).toEqual(keys)
  const { subscription } = service.subscribe()
  const box = newBox()
  await one.push.register(box, sealPushToken(crypto, keys.sealKey, subscription))
  const key = await hopKeyAt(first.url)
  await one.close()
  await first.close()
  // Who registered at one that is gone is woken by another, once; what is sealed to one is opened by another.
  await two.mailbox.put([put(box), put(box)])
  await service.arrived(1)
  const entry = await startRelay({
    data: (await temporaryFolder()).path,
    hops: { peers: [second.url], second: false },
  })
  ends.push(entry.close)
  const via = throughRelay(entry.url, { key, pollMs: 20 })
  const hidden = await relay(second.url, { via })({ clock: systemClock, logger: silentLogger })
  ends.push(hidden.close)
  expect(await hidden.mailbox.fetch(box)).toHaveLength(2)
  expect(service.received).toHaveLength(1)
}

async function refusesReplays(engine: OpenEngine): Promise<void> {
  const start = await cluster(engine)
  const names = ['relay.example']
  const [first, second] = [await start({ names }), await start({ names })]
  const key = newKey()
  const url = 'http://relay.example/api/v1/keys/stats'
  const headers = signRequest({ method: 'GET', url }, key, { clock: systemClock, crypto })
  const ask = async ({ port }: Relay): Promise<number> => {
    const { request } = await import('node:http')
    return new Promise((resolve, reject) => {
      const asked = request(
        { port, path: '/api/v1/keys/stats', headers: { ...headers, host: 'relay.example' } },
        (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        },
      )
      asked.on('error', reject)
      asked.end()
    })
  }
  expect(await ask(first)).toBe(200)
  expect(await ask(second)).toBe(401)
  expect(await ask(first)).toBe(401)
}

interface Shared {
  readonly name: string
  readonly missing: string | undefined
  open(): Promise<OpenEngine>
}

const servers: { dispose(): Promise<void> }[] = []
afterAll(async () => {
  await Promise.all(servers.map((server) => server.dispose()))
})

let prefixes = 0
const SHARED: readonly Shared[] = [
  {
    name: 'NATS',
    missing: NATS_MISSING,
    open: async () => {
      const nats = await startNats(1)
      servers.push(nats)
      return natsEngine({ servers: nats.servers, replicas: 1, prefix: `v${prefixes++}` })
    },
  },
  {
    name: 'PostgreSQL',
    missing: POSTGRES_MISSING,
    open: async () => {
      const postgres = await startPostgres({ synced: false })
      servers.push(postgres)
      return postgresEngine({ url: postgres.url })
    },
  },
]

for (const { name, missing, open } of SHARED) {
  const title = missing === undefined ? name : `${name} (skipped: ${missing})`
  describe.skipIf(missing !== undefined)(`relays that share a store on ${title}`, () => {
    let engine: Promise<OpenEngine> | undefined
    const shared = (): Promise<OpenEngine> => {
      engine ??= open()
      return engine
    }
    it('are one payee: one ledger, one issuer, one count of tokens', async () => pays(await shared()))
    it('wake and open for each other', async () => wakesAndHops(await shared()))
    it('hostile 8: refuse what was shown to another', async () => refusesReplays(await shared()))
  })
}
