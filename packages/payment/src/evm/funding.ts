/** Channels over the escrow contract, from the payee's side. spec/payment.md section 7.2. */
import { type Address, bytesToHex, isAddressEqual, type PublicClient } from 'viem'
import { FUNDING_KINDS } from '../channel/terms.js'
import type { Voucher } from '../channel/voucher.js'
import { PaymentError } from '../errors.js'
import type { FundedChannel, Funding } from '../funding.js'
import { ESCROW_ABI } from './artifact.js'
import { type EscrowClients, type EscrowState, mined, readEscrow, readEscrowAt } from './escrow.js'
import { decodeReference, type EscrowReference, escrowId } from './reference.js'
import { escrowSeconds, verifyEvidence } from './voucher.js'

export interface EscrowFundingOptions extends EscrowClients {
  readonly contract: Address
  /** Shortest notice, in seconds: several times as long as between two settlements. Default a day. */
  readonly minNotice?: bigint
  /**
   * Redeems less than this, in wei, only when the voucher or the channel ends. Default: less than GAS_SHARE times what
   * the transaction costs now, and what would not even bring that at the end is let go.
   */
  readonly minSettle?: bigint
  /**
   * A deposit counts when it is so many blocks deep: a chain that turns to another branch takes it back. Default 12,
   * more than Ethereum's branches have been since it votes; 0 believes the newest block.
   */
  readonly confirmations?: number
  /**
   * Seconds before its end from when a voucher is redeemed whatever it is worth, and no more taken: several times as
   * long as between two settlements. Default a day.
   */
  readonly margin?: bigint
}

const DAY_S = 86_400n

/** A transaction is worth its price when it brings so many times as much. */
export const GAS_SHARE = 10n

type Options = Required<Omit<EscrowFundingOptions, 'minSettle'>> & Pick<EscrowFundingOptions, 'minSettle'>

/** Reference and state of a channel that this payee can be paid from. */
interface Held {
  readonly reference: EscrowReference
  readonly state: EscrowState
}

async function held({ chain, wallet, contract }: Options, { id, terms }: FundedChannel): Promise<Held> {
  const reference = decodeReference(terms.reference)
  const here = reference.chainId === wallet.chain.id && isAddressEqual(reference.contract, contract)
  if (!here || !isAddressEqual(reference.payee, wallet.account.address))
    throw new PaymentError('payment/wrong-chain')
  return { reference, state: await readEscrow(chain, reference, id) }
}

/** What the deposit was when it could no longer be taken back. A block before the contract has none. */
async function confirmedDeposit(
  { chain, confirmations }: Options,
  { id }: FundedChannel,
  { reference, state }: Held,
): Promise<bigint> {
  if (confirmations === 0) return state.deposit
  const newest = await chain.getBlockNumber()
  const deep = newest - BigInt(confirmations)
  if (deep < 0n) return 0n
  const { deposit } = await readEscrowAt(chain, reference, id, deep).catch(() => ({ deposit: 0n }))
  if (deposit < state.deposit) return deposit
  return state.deposit
}

async function open(options: Options, channel: FundedChannel): Promise<void> {
  const all = await held(options, channel)
  const { state } = all
  if (state.deposit === 0n || state.closed || state.closesAt !== 0n)
    throw new PaymentError('payment/unfunded')
  if ((await confirmedDeposit(options, channel, all)) === 0n)
    throw new PaymentError('payment/unfunded', { details: { confirmations: options.confirmations } })
  if (state.notice < options.minNotice)
    throw new PaymentError('payment/unfunded', { details: { minNotice: Number(options.minNotice) } })
}

async function check(options: Options, channel: FundedChannel, voucher: Voucher): Promise<void> {
  const all = await held(options, channel)
  const { reference, state } = all
  if (!(await verifyEvidence(reference, channel.id, voucher))) throw new PaymentError('payment/bad-signature')
  // Who has asked for the rest gets no more credit.
  if (state.closed || state.closesAt !== 0n) throw new PaymentError('payment/unfunded')
  if (voucher.amount > (await confirmedDeposit(options, channel, all)))
    throw new PaymentError('payment/over-capacity')
  // One that ends before it would be redeemed is no money, whatever was signed.
  const { timestamp } = await options.chain.getBlock()
  if (escrowSeconds(voucher.expiresAt) - timestamp <= options.margin)
    throw new PaymentError('payment/expired')
}

type Call = Parameters<PublicClient['estimateContractGas']>[0]

/** Worth its transaction: by what was configured, or several times its price, or more than that at the end. */
async function isWorth(
  { minSettle, margin, chain }: Options,
  { state }: Held,
  { amount, expiresAt }: Voucher,
  now: bigint,
  call: Call,
): Promise<boolean> {
  const gain = amount - state.redeemed
  const isLast = state.closesAt !== 0n || escrowSeconds(expiresAt) - now <= margin
  if (minSettle !== undefined) return isLast || gain >= minSettle
  const [gas, price] = await Promise.all([chain.estimateContractGas(call), chain.getGasPrice()])
  return gain >= gas * price * (isLast ? 1n : GAS_SHARE)
}

async function settle(
  options: Options,
  channel: FundedChannel,
  latest: Voucher | undefined,
): Promise<bigint | null> {
  if (latest === undefined) return 0n
  const all = await held(options, channel)
  const { reference, state } = all
  if (state.closed || latest.amount <= state.redeemed) return 0n
  const { chain, wallet, contract: address } = options
  const { timestamp } = await chain.getBlock()
  const { amount, expiresAt, evidence } = latest
  // It can be redeemed no more: what was not worth it, or nobody was there for in time, is let go.
  if (escrowSeconds(expiresAt) <= timestamp) return 0n
  const args = [
    escrowId(reference, channel.id),
    amount,
    escrowSeconds(expiresAt),
    bytesToHex(evidence),
  ] as const
  try {
    const call = { address, abi: ESCROW_ABI, functionName: 'redeem', args, account: wallet.account } as const
    if (!(await isWorth(options, all, latest, timestamp, call))) return null
    const { request } = await chain.simulateContract(call)
    await mined(chain, await wallet.writeContract(request))
  } catch (cause) {
    throw new PaymentError('payment/settle-failed', { cause })
  }
  return amount - state.redeemed
}

/** For the fundings of a till. Amounts are wei. */
export function escrowFunding(options: EscrowFundingOptions): Funding {
  const whole: Options = { minNotice: DAY_S, margin: DAY_S, confirmations: 12, ...options }
  return {
    kind: FUNDING_KINDS.evm,
    // Links are hashes, and the contract pays for signatures alone.
    chains: false,
    free: false,
    open: (channel) => open(whole, channel),
    check: (channel, voucher) => check(whole, channel, voucher),
    // What was checked against the deposit cannot be drawn by anybody else: the channel is between two.
    draw: async () => {},
    settle: (channel, latest) => settle(whole, channel, latest),
  }
}
