/** Channels over the escrow contract, from the payee's side. spec/payment.md section 7.2. */
import { type Address, bytesToHex, isAddressEqual } from 'viem'
import { FUNDING_KINDS } from '../channel/terms.js'
import type { Voucher } from '../channel/voucher.js'
import { PaymentError } from '../errors.js'
import type { FundedChannel, Funding } from '../funding.js'
import { ESCROW_ABI } from './artifact.js'
import { type EscrowClients, type EscrowState, mined, readEscrow } from './escrow.js'
import { decodeReference, type EscrowReference, escrowId } from './reference.js'
import { escrowSeconds, verifyEvidence } from './voucher.js'

export interface EscrowFundingOptions extends EscrowClients {
  readonly contract: Address
  /** Shortest notice, in seconds: several times as long as between two settlements. Default a day. */
  readonly minNotice?: bigint
  /** Redeems less than this, in wei, only when the voucher or the channel ends: a transaction has its price. */
  readonly minSettle?: bigint
  /**
   * Seconds before its end from when a voucher is redeemed whatever it is worth, and no more taken: several times as
   * long as between two settlements. Default a day.
   */
  readonly margin?: bigint
}

const DAY_S = 86_400n

type Options = Required<EscrowFundingOptions>

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

async function open(options: Options, channel: FundedChannel): Promise<void> {
  const { state } = await held(options, channel)
  if (state.deposit === 0n || state.closed || state.closesAt !== 0n)
    throw new PaymentError('payment/unfunded')
  if (state.notice < options.minNotice)
    throw new PaymentError('payment/unfunded', { details: { minNotice: Number(options.minNotice) } })
}

async function check(options: Options, channel: FundedChannel, voucher: Voucher): Promise<void> {
  const { reference, state } = await held(options, channel)
  if (!(await verifyEvidence(reference, channel.id, voucher))) throw new PaymentError('payment/bad-signature')
  // Who has asked for the rest gets no more credit.
  if (state.closed || state.closesAt !== 0n) throw new PaymentError('payment/unfunded')
  if (voucher.amount > state.deposit) throw new PaymentError('payment/over-capacity')
  // One that ends before it would be redeemed is no money, whatever was signed.
  const { timestamp } = await options.chain.getBlock()
  if (escrowSeconds(voucher.expiresAt) - timestamp <= options.margin)
    throw new PaymentError('payment/expired')
}

/** Worth a transaction, or the last chance for one. */
function isDue(options: Options, { state }: Held, { amount, expiresAt }: Voucher, now: bigint): boolean {
  if (amount - state.redeemed >= options.minSettle) return true
  return state.closesAt !== 0n || escrowSeconds(expiresAt) - now <= options.margin
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
  if (!isDue(options, all, latest, timestamp)) return null
  const { amount, expiresAt, evidence } = latest
  const args = [
    escrowId(reference, channel.id),
    amount,
    escrowSeconds(expiresAt),
    bytesToHex(evidence),
  ] as const
  try {
    const call = { address, abi: ESCROW_ABI, functionName: 'redeem', args, account: wallet.account } as const
    const { request } = await chain.simulateContract(call)
    await mined(chain, await wallet.writeContract(request))
  } catch (cause) {
    throw new PaymentError('payment/settle-failed', { cause })
  }
  return amount - state.redeemed
}

/** For the fundings of a till. Amounts are wei. */
export function escrowFunding(options: EscrowFundingOptions): Funding {
  const whole: Options = { minNotice: DAY_S, minSettle: 0n, margin: DAY_S, ...options }
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
