/** A till with a ledger and an issuer in memory, and payers of it, under a clock that tests move. */
import type { Clock, Store, StoreEntry } from '@hyphae/core'
import { defaultCrypto as crypto, type Ed25519PrivateKey } from '@hyphae/crypto'
import {
  type ChannelTerms,
  createLedger,
  createPayer,
  createTill,
  createWallet,
  FUNDING_KINDS,
  type Funding,
  type HashChain,
  type Issuer,
  type Ledger,
  NO_CHAIN,
  openChannel,
  type Payer,
  type Till,
  type TokenWallet,
  trustedFunding,
} from '@hyphae/payment'
import { openIssuer } from '@hyphae/payment/issuer'
import { memoryStore } from '@hyphae/store'

export const DAY = 24 * 60 * 60 * 1000
export const START = Date.UTC(2026, 0, 5)

export interface TestClock extends Clock {
  advance(ms: number): void
}

export function testClock(start: number = START): TestClock {
  let now = start
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms
    },
    advance: (ms) => {
      now += ms
    },
  }
}

export interface Market {
  readonly clock: TestClock
  readonly store: Store
  readonly payeeKey: Ed25519PrivateKey
  readonly ledger: Ledger
  readonly issuer: Issuer
  readonly till: Till
}

export interface MarketOptions {
  readonly trusted?: readonly Uint8Array[]
  readonly store?: Store
  readonly fundings?: readonly Funding[]
  /** Keys of its own: making them takes half a second, so markets share theirs otherwise. */
  readonly ownKeys?: boolean
}

const KEYS = 'issuer-key'
let sharedKeys: StoreEntry[] = []

async function shareKeys(store: Store): Promise<void> {
  if ((await store.list([KEYS])).length > 0) return
  await store.transact((tx) => {
    for (const { key, value } of sharedKeys) tx.put(key, value)
  })
}

/** One unit for each 1,024 byte-days; a token worth 2,048 byte-days costs two. */
export async function openMarket(options: MarketOptions = {}): Promise<Market> {
  const { trusted = [], store = memoryStore(), fundings = [], ownKeys = false } = options
  if (!ownKeys) await shareKeys(store)
  const clock = testClock()
  const payeeKey = crypto.ed25519.generate()
  const ledger = createLedger(store)
  const issuer = await openIssuer({
    store,
    crypto,
    clock,
    payeeKey,
    name: 'relay.example',
    values: [2048, 14_336],
  })
  if (!ownKeys && sharedKeys.length === 0) sharedKeys = await store.list([KEYS])
  const till = createTill({
    store,
    crypto,
    clock,
    payeeKey,
    tariff: { byteDays: 1024, amount: 1n },
    fundings: [ledger.funding, trustedFunding(trusted), ...fundings],
    issuer,
  })
  return { clock, store, payeeKey, ledger, issuer, till }
}

export interface Customer {
  readonly key: Ed25519PrivateKey
  readonly payer: Payer
  readonly wallet: TokenWallet
  readonly channel: Uint8Array
  readonly terms: ChannelTerms
}

export interface CustomerOptions {
  readonly key?: Ed25519PrivateKey
  readonly credit?: bigint
  readonly funding?: number
  readonly chain?: HashChain
  readonly nonce?: Uint8Array
}

/** Has credit in the ledger, and an open channel. */
export async function openCustomer(market: Market, options: CustomerOptions = {}): Promise<Customer> {
  const { key = crypto.ed25519.generate(), credit = 1000n, chain, nonce = crypto.randomBytes(16) } = options
  if (credit > 0n) await market.ledger.credit(key.publicKey, credit)
  const opening = openChannel(crypto, key, {
    payee: market.till.payee,
    nonce,
    expiresAt: market.clock.now() + 100 * DAY,
    chain: chain?.commitment ?? NO_CHAIN,
    funding: options.funding ?? FUNDING_KINDS.ledger,
    reference: new Uint8Array(0),
  })
  const channel = await market.till.open(opening)
  const payer = createPayer({
    crypto,
    key,
    opening,
    budget: 10n ** 12n,
    ...(chain === undefined ? {} : { chain }),
  })
  const { clock, issuer } = market
  const wallet = createWallet({ store: memoryStore(), crypto, clock, statement: issuer.statement() })
  return { key, payer, wallet, channel, terms: opening.terms }
}

/** Pays for and fetches tokens. */
export async function buy({ till }: Market, customer: Customer, value: number, count: number): Promise<void> {
  const batch = customer.wallet.prepare(value, count)
  await batch.finish(await till.sell(customer.payer.order(batch.keyId, batch.blinded)))
}

export function purchase(bytes = 2048, days = 1) {
  return { bytes, days, purpose: crypto.randomBytes(16) }
}
