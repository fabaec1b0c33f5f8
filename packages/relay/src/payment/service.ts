/** Payment at one relay: the till with its ledger and issuer, or tokens of an issuer elsewhere. spec/payment.md. */
import type { Clock, Store } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import {
  createLedger,
  createTill,
  type Funding,
  type Ledger,
  type Tariff,
  type Till,
  trustedFunding,
} from '@hyphae/payment'
import { openIssuer, type TokenVerifier } from '@hyphae/payment/issuer'
import type { ServiceRows } from '../engine/rows.js'
import { type RelayLimits, SETTLE_TURN_MS } from '../limits.js'
import type { TicketChecks } from '../server/admission.js'
import { keptKey, takeTurn } from '../services/kept.js'
import { paymentChecks } from './checks.js'

/** What money comes in by: vouchers and links of channels over the ledger, tokens, channels over an escrow. */
export const PAYMENT_METHODS = ['voucher', 'chain', 'token', 'escrow'] as const
export type PaymentMethodName = (typeof PAYMENT_METHODS)[number]

export interface SellingOptions {
  readonly tariff: Tariff
  /** The name that tokens are bound to, such as the relay's host name. */
  readonly issuerName: string
  /** Ed25519 keys of peers that get channels and tokens for nothing. */
  readonly trusted?: readonly Uint8Array[]
  /** Default all; `escrow` are the `fundings` given. */
  readonly methods?: readonly PaymentMethodName[]
  /** Fundings beside the ledger, such as an escrow. */
  readonly fundings?: readonly Funding[]
  /** What tokens are worth, in byte-days, rising; default TOKEN_VALUES of `@hyphae/payment`. */
  readonly tokenValues?: readonly number[]
  /** How long a key of the issuer signs, in ms; default 7 days. */
  readonly epochMs?: number
}

/** Another relay of the cluster sells; this one takes tokens, and channels too when it shares the till. */
export interface TakingOptions {
  readonly till?: Till
  readonly verifier: TokenVerifier
}

export type PaymentOptions = SellingOptions | TakingOptions

export interface PaymentService {
  readonly till: Till | undefined
  /** Where the operator writes credits; undefined where it is elsewhere. */
  readonly ledger: Ledger | undefined
  readonly checks: TicketChecks
  sweep(): Promise<void>
}

export interface ServiceBase {
  readonly store: Store
  readonly rows: ServiceRows
  readonly limits: Pick<RelayLimits, 'idLifeMs'>
  readonly crypto: CryptoProvider
  readonly clock: Clock
}

async function openTill(options: SellingOptions, base: ServiceBase): Promise<{ till: Till; ledger: Ledger }> {
  const { tariff, issuerName: name, methods = PAYMENT_METHODS } = options
  const payeeKey = base.crypto.ed25519.importSeed(await keptKey(base, 'payee'))
  const ledger = createLedger(base.store)
  const epoch = options.epochMs === undefined ? {} : { epochMs: options.epochMs }
  const values = options.tokenValues === undefined ? {} : { values: options.tokenValues }
  const issuer = methods.includes('token')
    ? { issuer: await openIssuer({ ...base, payeeKey, name, ...epoch, ...values }) }
    : {}
  const fundings = fundingsOf(options, methods, ledger)
  // A put is charged for again when its id is forgotten, so that it would be stored again.
  const rememberMs = base.limits.idLifeMs
  return { till: createTill({ ...base, payeeKey, tariff, fundings, rememberMs, ...issuer }), ledger }
}

function fundingsOf(
  { trusted = [], fundings = [] }: SellingOptions,
  methods: readonly PaymentMethodName[],
  { funding }: Ledger,
): Funding[] {
  const chains = methods.includes('chain')
  const ledger = chains || methods.includes('voucher') ? [{ ...funding, chains }] : []
  return [...ledger, trustedFunding(trusted), ...(methods.includes('escrow') ? fundings : [])]
}

export async function openPayment(options: PaymentOptions, base: ServiceBase): Promise<PaymentService> {
  if ('verifier' in options) {
    const { till, verifier } = options
    const checks = paymentChecks(base.crypto, { till, verifier })
    return { till, ledger: undefined, checks, sweep: async () => {} }
  }
  const { till, ledger } = await openTill(options, base)
  const checks = paymentChecks(base.crypto, { till, verifier: till.issuer })
  const { rows, clock } = base
  // Two relays that redeem one voucher at once pay for two transactions.
  const settle = async (): Promise<void> => {
    if (!rows.shared || (await takeTurn(rows, clock, 'settle', SETTLE_TURN_MS))) await till.settle()
  }
  return {
    till,
    ledger,
    checks,
    // What cannot be settled now is settled later; what is over is forgotten all the same.
    sweep: () =>
      settle().then(till.sweep, (error: unknown) => till.sweep().then(() => Promise.reject(error))),
  }
}
