/**
 * The payee's side: channels, their credit, tokens sold and taken. spec/payment.md sections 3 to 8.
 *
 * Every change is one transaction of the store and durable before the promise resolves. What is spent with a token
 * is never written beside a channel: buying and spending share nothing but the issuer's key.
 */
import type { Clock, IoOptions, Store, StoreReader, StoreTransaction } from '@hyphae/core'
import { equalBytes } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import {
  type ChannelAccount,
  charged,
  creditOf,
  decodeAccount,
  encodeAccount,
  newAccount,
  type Payment,
  paidFor,
  remembering,
  withLink,
  withVoucher,
} from './channel/account.js'
import type { LinkPayment } from './channel/chain.js'
import { type ChannelOpening, channelId, verifyOpening } from './channel/terms.js'
import type { Voucher } from './channel/voucher.js'
import { PaymentError } from './errors.js'
import type { FundedChannel, Funding } from './funding.js'
import { MAX_CHANNEL_LIFE_MS, MAX_PAYER_CHANNELS, TICKET_MEMORY_MS } from './limits.js'
import { byteDaysOf, checkTariff, costOf, type Tariff, tokenPrice } from './tariff.js'
import { decodePaymentTicket } from './ticket.js'
import type { Issuer, VerifiedToken } from './tokens/issuer.js'
import { type TokenOrder, verifiedDigest } from './tokens/order.js'
import { type SpentTokens, storedSpent } from './tokens/spent.js'
import { epochAt } from './tokens/statement.js'

export interface TillOptions {
  readonly store: Store
  readonly crypto: CryptoProvider
  readonly clock: Clock
  /** Ed25519: names the payee in every channel. */
  readonly payeeKey: Ed25519PrivateKey
  readonly tariff: Tariff
  readonly fundings: readonly Funding[]
  /** Without one no tokens are sold or taken. */
  readonly issuer?: Issuer
  /** Of `takeToken`; kept in the store when left out. Who shares an issuer must share it. */
  readonly spent?: SpentTokens
  /**
   * How long a ticket is not charged for again, in ms: as long as whoever stores what was paid for knows it and does
   * not store it twice. Default TICKET_MEMORY_MS.
   */
  readonly rememberMs?: number
}

/** What is stored, for how long, and a digest of it that a repeated request repeats. */
export interface Purchase {
  readonly bytes: number
  readonly days: number
  /** 16 bytes. */
  readonly purpose: Uint8Array
}

export interface ChannelBalance {
  readonly credit: bigint
  readonly voucherPaid: bigint
  readonly chainIndex: number
  readonly issueSequence: number
}

export interface Till {
  readonly payee: Uint8Array
  readonly tariff: Tariff
  readonly fundings: readonly number[]
  readonly issuer: Issuer | undefined
  /** The channel's id. Opening again is harmless. */
  open(opening: ChannelOpening): Promise<Uint8Array>
  /** What the channel holds after the voucher. */
  pay(voucher: Voucher): Promise<ChannelBalance>
  payLink(channel: Uint8Array, payment: LinkPayment): Promise<ChannelBalance>
  balance(channel: Uint8Array): Promise<ChannelBalance>
  /** Blind signatures in the order asked. */
  sell(order: TokenOrder): Promise<Uint8Array[]>
  /** Spends a token. @throws PaymentError `payment/bad-token`, `payment/spent`, `payment/no-credit` */
  takeToken(token: Uint8Array, purchase: Purchase): Promise<void>
  /** Takes what a payment ticket pays with, and charges its channel. */
  takePayment(ticket: Uint8Array, purchase: Purchase): Promise<void>
  /** Turns vouchers into money; what was gained. @throws PaymentError `payment/settle-failed` after the others were settled */
  settle(options?: IoOptions): Promise<bigint>
  /** Makes and forgets keys and spent tokens, and forgets channels that are settled and over. */
  sweep(): Promise<void>
}

const TABLE = 'channel'
/** Channels by payer. */
const PAYERS = 'payer'
const NOTHING = new Uint8Array(0)

interface Context extends TillOptions {
  readonly spent: SpentTokens
  readonly rememberMs: number
}

async function read(reader: StoreReader, id: Uint8Array): Promise<ChannelAccount> {
  const held = await reader.get([TABLE, id])
  if (held === undefined) throw new PaymentError('payment/unknown-channel')
  return decodeAccount(held)
}

function write(tx: StoreTransaction, id: Uint8Array, account: ChannelAccount): void {
  tx.put([TABLE, id], encodeAccount(account))
}

function fundingOf({ fundings }: Context, kind: number): Funding {
  const funding = fundings.find((candidate) => candidate.kind === kind)
  if (funding === undefined) throw new PaymentError('payment/unfunded', { details: { kind } })
  return funding
}

function balanceOf(account: ChannelAccount): ChannelBalance {
  const { voucherPaid, chainIndex, issueSequence } = account
  return { credit: creditOf(account), voucherPaid, chainIndex, issueSequence }
}

async function open(context: Context, opening: ChannelOpening): Promise<Uint8Array> {
  const { crypto, clock, store, payeeKey } = context
  const { terms } = opening
  if (!equalBytes(terms.payee, payeeKey.publicKey)) throw new PaymentError('payment/wrong-channel')
  const left = terms.expiresAt - clock.now()
  if (left <= 0 || left > MAX_CHANNEL_LIFE_MS) throw new PaymentError('payment/expired')
  const funding = fundingOf(context, terms.funding)
  if (terms.chain.links > 0 && !funding.chains) throw new PaymentError('payment/unfunded')
  verifyOpening(crypto, opening)
  const id = channelId(crypto, terms)
  await funding.open({ id, terms })
  await store.transact(async (tx) => {
    if ((await tx.get([TABLE, id])) !== undefined) return
    const mine = await tx.list([PAYERS, terms.payer])
    if (mine.length >= MAX_PAYER_CHANNELS) throw new PaymentError('payment/too-many-channels')
    write(tx, id, newAccount(opening))
    tx.put([PAYERS, terms.payer, id], NOTHING)
  })
  return id
}

/** A change of one channel, alone; the account that results is durable. */
function changing(
  { store }: Context,
  id: Uint8Array,
  work: (account: ChannelAccount, tx: StoreTransaction) => Promise<ChannelAccount>,
): Promise<ChannelAccount> {
  return store.transact(async (tx) => {
    const account = await work(await read(tx, id), tx)
    write(tx, id, account)
    return account
  })
}

/** Draws what a payment added from where the money lies. */
async function drawn(
  context: Context,
  tx: StoreTransaction,
  id: Uint8Array,
  { account, added }: Payment,
): Promise<ChannelAccount> {
  const { terms } = account.opening
  await fundingOf(context, terms.funding).draw(tx, { id, terms }, added)
  return account
}

/** Whether the funding would honour the voucher. May ask a network, so it comes before the transaction. */
async function checkVoucher(context: Context, voucher: Voucher): Promise<void> {
  const account = await read(context.store, voucher.channel)
  const { terms } = account.opening
  withVoucher(context.crypto, account, voucher, { channel: voucher.channel, now: context.clock.now() })
  await fundingOf(context, terms.funding).check({ id: voucher.channel, terms }, voucher)
}

function applyVoucher(context: Context, account: ChannelAccount, voucher: Voucher): Payment {
  const { crypto, clock } = context
  return withVoucher(crypto, account, voucher, { channel: voucher.channel, now: clock.now() })
}

async function pay(context: Context, voucher: Voucher): Promise<ChannelBalance> {
  await checkVoucher(context, voucher)
  const id = voucher.channel
  return balanceOf(
    await changing(context, id, (account, tx) =>
      drawn(context, tx, id, applyVoucher(context, account, voucher)),
    ),
  )
}

async function payLink(context: Context, id: Uint8Array, payment: LinkPayment): Promise<ChannelBalance> {
  const { crypto, clock } = context
  return balanceOf(
    await changing(context, id, (account, tx) =>
      drawn(context, tx, id, withLink(crypto, account, payment, clock.now())),
    ),
  )
}

/** @throws PaymentError `payment/bad-token`, `payment/no-credit`, `payment/malformed` */
function checkToken(
  { issuer }: Pick<TillOptions, 'issuer'>,
  token: Uint8Array,
  { bytes, days }: Pick<Purchase, 'bytes' | 'days'>,
): VerifiedToken {
  const verified = issuer?.verify(token) ?? null
  if (verified === null) throw new PaymentError('payment/bad-token')
  const needed = byteDaysOf(bytes, days)
  if (verified.value < needed)
    throw new PaymentError('payment/no-credit', { details: { needed, value: verified.value } })
  return verified
}

async function sell(context: Context, order: TokenOrder): Promise<Uint8Array[]> {
  const { issuer, store, crypto, tariff } = context
  if (issuer === undefined) throw new PaymentError('payment/bad-token')
  const known = await read(store, order.channel)
  const { terms } = known.opening
  const digest = verifiedDigest(crypto, order, terms.payer)
  const value = issuer.valueOf(order.keyId)
  if (value === undefined) throw new PaymentError('payment/bad-token')
  const price = fundingOf(context, terms.funding).free ? 0n : tokenPrice(tariff, value)
  const ordered = (account: ChannelAccount): ChannelAccount => {
    if (account.issueSequence === order.sequence && equalBytes(account.issueDigest, digest)) return account
    if (order.sequence !== account.issueSequence + 1) throw new PaymentError('payment/backward')
    const paid = charged(account, price * BigInt(order.blinded.length))
    return { ...paid, issueSequence: order.sequence, issueDigest: digest }
  }
  // Who cannot pay makes nobody sign; what cannot be signed is not charged.
  ordered(known)
  const signatures = await issuer.sign(order.keyId, order.blinded)
  await changing(context, order.channel, async (account) => ordered(account))
  return signatures
}

async function takeToken(context: Context, token: Uint8Array, purchase: Purchase): Promise<void> {
  const verified = checkToken(context, token, purchase)
  if (!(await context.spent.spend(verified, purchase.purpose))) throw new PaymentError('payment/spent')
}

async function takePayment(context: Context, bytes: Uint8Array, purchase: Purchase): Promise<void> {
  const ticket = decodePaymentTicket(bytes)
  const id = ticket.kind === 'voucher' ? ticket.voucher.channel : ticket.channel
  const known = await read(context.store, id)
  const now = context.clock.now()
  const since = now - context.rememberMs
  if (paidFor(known, purchase.purpose, since)) return
  if (ticket.kind === 'voucher') await checkVoucher(context, ticket.voucher)
  const price = fundingOf(context, known.opening.terms.funding).free
    ? 0n
    : costOf(context.tariff, purchase.bytes, purchase.days)
  await changing(context, id, async (account, tx) => {
    if (paidFor(account, purchase.purpose, since)) return account
    const payment =
      ticket.kind === 'voucher'
        ? applyVoucher(context, account, ticket.voucher)
        : withLink(context.crypto, account, ticket.payment, context.clock.now())
    return remembering(charged(await drawn(context, tx, id, payment), price), purchase.purpose, now)
  })
}

async function settleOne(
  context: Context,
  id: Uint8Array,
  account: ChannelAccount,
  signal?: AbortSignal,
): Promise<bigint> {
  if (account.settled === account.voucherPaid) return 0n
  const channel: FundedChannel = { id, terms: account.opening.terms }
  const gained = await fundingOf(context, channel.terms.funding).settle(channel, account.latest, signal)
  if (gained === null) return 0n
  await changing(context, id, async (now) => ({ ...now, settled: account.voucherPaid }))
  return gained
}

/** One channel that cannot be settled holds up no other. */
async function settle(context: Context, { signal }: IoOptions = {}): Promise<bigint> {
  let gained = 0n
  let failure: unknown
  for (const { key, value } of await context.store.list([TABLE])) {
    try {
      gained += await settleOne(context, key[1] as Uint8Array, decodeAccount(value), signal)
    } catch (error) {
      failure = error
    }
  }
  if (failure !== undefined) throw failure
  return gained
}

async function sweep({ store, clock, issuer, spent }: Context): Promise<void> {
  const now = clock.now()
  for (const { key, value } of await store.list([TABLE])) {
    const { opening, settled, voucherPaid } = decodeAccount(value)
    if (opening.terms.expiresAt > now || settled !== voucherPaid) continue
    await store.transact((tx) => {
      tx.delete(key)
      tx.delete([PAYERS, opening.terms.payer, key[1] as Uint8Array])
    })
  }
  if (issuer === undefined) return
  await issuer.rotate()
  await spent.forget(epochAt(now, issuer.statement().epochMs) - 1)
}

/** @throws PaymentError `payment/bad-tariff` */
export function createTill(options: TillOptions): Till {
  const context: Context = {
    ...options,
    spent: options.spent ?? storedSpent(options.store),
    rememberMs: options.rememberMs ?? TICKET_MEMORY_MS,
  }
  const tariff = checkTariff(options.tariff)
  return {
    payee: options.payeeKey.publicKey,
    tariff,
    fundings: options.fundings.map(({ kind }) => kind),
    issuer: options.issuer,
    open: (opening) => open(context, opening),
    pay: (voucher) => pay(context, voucher),
    payLink: (channel, payment) => payLink(context, channel, payment),
    balance: async (channel) => balanceOf(await read(options.store, channel)),
    sell: (order) => sell(context, order),
    takeToken: (token, purchase) => takeToken(context, token, purchase),
    takePayment: (ticket, purchase) => takePayment(context, ticket, purchase),
    settle: (io) => settle(context, io),
    sweep: () => sweep(context),
  }
}
