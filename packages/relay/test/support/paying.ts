/** A relay that takes payment, and customers with credit, channels and tokens. */
import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto, type Ed25519PrivateKey } from '@hyphae/crypto'
import {
  type ChannelOpening,
  createPayer,
  createWallet,
  FUNDING_KINDS,
  type IssuerStatement,
  NO_CHAIN,
  openChannel,
  type Payer,
  type TokenWallet,
  verifyStatement,
} from '@hyphae/payment'
import { embeddedEngine, type Relay, type RelayOptions } from '@hyphae/relay'
import { memoryStore } from '@hyphae/store'
import { type RelayCarrier, type RelayCarrierOptions, relay } from '@hyphae/transport-relay'
import { withIssuerKeys } from './issuer-keys.js'

export const DAY = 24 * 60 * 60 * 1000

/** One unit for 1,024 byte-days: a token worth 2,048 byte-days costs two. */
export const PRICES = {
  payment: { tariff: { byteDays: 1024, amount: 1n }, issuerName: 'relay.example', tokenValues: [2048] },
  accepts: ['token', 'payment'],
} as const satisfies Partial<RelayOptions>

/** The same on an engine of one's own, whose issuer need not make its keys. */
export const PAYING = {
  ...PRICES,
  engine: withIssuerKeys(embeddedEngine, PRICES.payment.tokenValues[0]),
} as const satisfies Partial<RelayOptions>

export interface Customer {
  readonly key: Ed25519PrivateKey
  readonly payer: Payer
  readonly channel: Uint8Array
  readonly wallet: TokenWallet
  readonly statement: IssuerStatement
  /** Pays for tokens and keeps them. */
  buy(value: number, count: number): Promise<void>
}

export function openingFor(
  key: Ed25519PrivateKey,
  payee: Uint8Array,
  funding: number = FUNDING_KINDS.ledger,
): ChannelOpening {
  return openChannel(crypto, key, {
    payee,
    nonce: crypto.randomBytes(16),
    expiresAt: Date.now() + 30 * DAY,
    chain: NO_CHAIN,
    funding,
    reference: new Uint8Array(0),
  })
}

/** Gets credit from the operator, and opens a channel over the wire. */
export async function openCustomer(
  server: Relay,
  { cashier }: Pick<RelayCarrier, 'cashier'>,
  options: { readonly credit?: bigint; readonly key?: Ed25519PrivateKey; readonly funding?: number } = {},
): Promise<Customer> {
  const { credit = 10_000n, key = crypto.ed25519.generate(), funding } = options
  if (credit > 0n) await server.payment?.ledger?.credit(key.publicKey, credit)
  const { payee, statement } = await cashier.offer()
  if (statement === undefined) throw new Error('the relay sells no tokens')
  verifyStatement(crypto, statement, payee)
  const opening = openingFor(key, payee, funding)
  await cashier.open(opening)
  const payer = createPayer({ crypto, key, opening, budget: 1_000_000n })
  const wallet = createWallet({ store: memoryStore(), crypto, clock: systemClock, statement })
  const buy = async (value: number, count: number): Promise<void> => {
    const batch = wallet.prepare(value, count)
    await batch.finish(await cashier.order(payer.order(batch.keyId, batch.blinded)))
  }
  return { key, payer, channel: payer.channel, wallet, statement, buy }
}

export function carrierTo(url: string, options?: RelayCarrierOptions): Promise<RelayCarrier> {
  return relay(url, options)({ clock: systemClock, logger: silentLogger })
}
