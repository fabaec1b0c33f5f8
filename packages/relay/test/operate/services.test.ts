import { join } from 'node:path'
import { isHyphaeError, systemClock, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { FUNDING_KINDS } from '@hyphae/payment'
import { runRelayCommand } from '@hyphae/relay'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startChain, type TestChain } from '../../../payment/test/support/anvil.js'
import type { Environment } from '../../src/operate/config.js'
import { hopKeyAt } from '../support/hops.js'
import { type Customer, carrierTo, openCustomer } from '../support/paying.js'
import { newBox, temporaryFolder } from '../support/relay.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let chain: TestChain
beforeAll(async () => {
  ;[folder, chain] = await Promise.all([temporaryFolder(), startChain()])
})
afterAll(async () => {
  await chain.close()
  await folder.remove()
})

type Result = Readonly<Record<string, unknown>>

/** One run of the command as the program makes it: `--name value` or words. */
function command(args: readonly string[], env: Environment = {}) {
  const flags: Record<string, string[]> = {}
  const words: string[] = []
  for (let i = 0; i < args.length; i++) {
    const name = args[i] as string
    if (!name.startsWith('--')) words.push(name)
    else {
      i += 1
      flags[name.slice(2)] = [...(flags[name.slice(2)] ?? []), args[i] as string]
    }
  }
  const stop = new AbortController()
  let told = (_result: Result): void => {}
  const first = new Promise<Result>((resolve) => {
    told = resolve
  })
  const ended = runRelayCommand({
    words,
    flags,
    env,
    data: join(folder.path, 'unset'),
    clock: systemClock,
    signal: stop.signal,
    result: async (object) => told(object),
    note: async () => {},
    log: () => {},
  })
  return { first: () => Promise.race([first, ended.then(() => first)]), ended, stop: () => stop.abort() }
}

async function run(args: readonly string[], env?: Environment): Promise<Result> {
  const { first, ended } = command(args, env)
  await ended
  return first()
}

const SERVICE_KEY = 'ab'.repeat(32)

/** Everything that can be set, on a folder. */
function serving(data: string) {
  const { contract, url, payee } = chain
  const key = `0x${toHex(payee.account.getHdKey().privateKey as Uint8Array)}`
  return command(
    [
      ...['--data', data, '--port', '0', '--accept', 'token', '--accept', 'payment'],
      ...['--pay-amount', '1', '--pay-byte-days', '1024', '--pay-issuer', 'relay.example'],
      ...['--pay-token-value', '2048', '--escrow-url', url, '--escrow-contract', contract],
      ...['--escrow-confirmations', '0', '--hop-second', 'true', '--push-contact', 'mailto:me@relay.example'],
    ],
    { HYPHAE_RELAY_SERVICE_KEY: SERVICE_KEY, HYPHAE_RELAY_ESCROW_KEY: key },
  )
}

interface Known {
  readonly hopKey: string
  readonly pushKeys: string
  readonly payee: string
}

async function knownOf(url: string): Promise<Known> {
  const carrier = await carrierTo(url)
  const { sealKey, vapidKey } = await carrier.push.keys()
  const { payee, fundings } = await carrier.cashier.offer()
  expect(fundings).toContain(FUNDING_KINDS.evm)
  await carrier.close()
  return {
    hopKey: toHex(await hopKeyAt(url)),
    pushKeys: toHex(sealKey) + toHex(vapidKey),
    payee: toHex(payee),
  }
}

const put = () =>
  ({ box: newBox().id, id: crypto.randomBytes(16), frame: new Uint8Array(2048), ttl: 1 }) as const

async function spendToken(url: string, { wallet }: Customer): Promise<unknown> {
  const carrier = await carrierTo(url)
  const bytes = await wallet.take(2048)
  if (bytes === undefined) throw new Error('no token')
  const done = await carrier.mailbox.put([{ ...put(), ticket: { kind: 'token', bytes } }]).then(
    () => 'stored',
    (error: unknown) => (isHyphaeError(error) ? error.code : error),
  )
  await carrier.close()
  return done
}

describe('services by settings alone', () => {
  it('take payment, open hops and wake; their keys and accounts come back from a backup', async () => {
    const [data, file] = [join(folder.path, 'data'), join(folder.path, 'backup')]
    const server = serving(data)
    const { url } = (await server.first()) as { url: string }
    const key = crypto.ed25519.generate()
    const account = toHex(key.publicKey)
    expect(await run(['credit', account, '1000', '--data', data])).toMatchObject({ balance: '1000' })
    const carrier = await carrierTo(url)
    const customer = await openCustomer({ payment: undefined } as never, carrier, { credit: 0n, key })
    await carrier.cashier.pay(await customer.payer.voucher(6n))
    await customer.buy(2048, 3)
    expect(await run(['balance', account, '--data', data])).toMatchObject({ balance: '994' })
    expect(await spendToken(url, customer)).toBe('stored')
    await expect(carrier.mailbox.put([put()])).rejects.toMatchObject({ code: 'relay-carrier/ticket-needed' })
    await carrier.close()
    const before = await knownOf(url)
    await run(['backup', file, '--data', data])
    server.stop()
    await server.ended
    const restored = join(folder.path, 'restored')
    await run(['restore', file, '--data', restored])
    const again = serving(restored)
    const next = (await again.first()) as { url: string }
    expect(await knownOf(next.url)).toEqual(before)
    expect(await run(['balance', account, '--data', restored])).toMatchObject({ balance: '994' })
    expect(await spendToken(next.url, customer)).toBe('stored')
    again.stop()
    await again.ended
    const without = command(['--data', restored, '--port', '0', '--hop-second', 'true'])
    await expect(without.ended).rejects.toMatchObject({
      code: 'relay/bad-setting',
      details: { setting: 'serviceKey' },
    })
    await expect(run(['credit', account, '1', '--data', restored])).rejects.toMatchObject({
      code: 'relay/not-running',
    })
  })

  it.each([
    [['--pay-amount', '5'], 'payByteDays'],
    [['--pay-amount', '5', '--pay-byte-days', '1'], 'payIssuer'],
    [['--pay-byte-days', '1'], 'payAmount'],
    [['--pay-trusted-key', 'ab'], '--pay-trusted-key.0'],
    [['--pay-amount', '1e3', '--pay-byte-days', '1', '--pay-issuer', 'x'], '--pay-amount'],
    [
      ['--pay-amount', '1', '--pay-byte-days', '1', '--name', 'x', '--escrow-url', 'http://x'],
      'escrowContract',
    ],
    [['--pay-amount', '1', '--pay-byte-days', '1', '--name', 'x', '--pay-method', 'escrow'], 'escrowUrl'],
    [['--pay-method', 'gold'], '--pay-method'],
    [['--service-key', SERVICE_KEY], '--service-key'],
    [['--escrow-key', '0x'], '--escrow-key'],
  ])('%j are refused by name', async (args, setting) => {
    const refused = await command(args).ended.catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'relay/bad-setting' })
    const named = String((refused as { details: { setting: string } }).details.setting)
    expect(setting.startsWith(named)).toBe(true)
  })

  it('a node that is not there, or has no contract, is told at the start and its URL is not', async () => {
    const key = `0x${'11'.repeat(32)}`
    const start = (url: string) =>
      command(
        [
          ...['--data', join(folder.path, 'none'), '--port', '0', '--name', 'relay.example'],
          ...['--pay-amount', '1', '--pay-byte-days', '1', '--escrow-url', url],
          ...['--escrow-contract', `0x${'22'.repeat(20)}`],
        ],
        { HYPHAE_RELAY_ESCROW_KEY: key },
      ).ended
    await expect(start(chain.url)).rejects.toMatchObject({ code: 'payment/wrong-chain' })
  })
})
