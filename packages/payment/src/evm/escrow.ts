/** The escrow contract from the payer's side: deposit, top up, close. spec/payment.md section 7.2. */
import {
  type Account,
  type Address,
  bytesToHex,
  type Chain,
  getAddress,
  type Hex,
  type PublicClient,
  type Transport,
  type WalletClient,
} from 'viem'
import { PaymentError } from '../errors.js'
import { ESCROW_ABI, ESCROW_BYTECODE } from './artifact.js'
import { type EscrowReference, escrowId } from './reference.js'

/** A wallet that signs and sends, and a client that reads the same chain. */
export interface EscrowClients {
  readonly wallet: WalletClient<Transport, Chain, Account>
  readonly chain: PublicClient
}

/** A channel as the contract holds it; amounts in wei, times in seconds. */
export interface EscrowState {
  readonly payer: Address
  readonly payee: Address
  readonly notice: bigint
  /** 0n while nobody has asked to close. */
  readonly closesAt: bigint
  readonly deposit: bigint
  readonly redeemed: bigint
  readonly closed: boolean
}

/** @throws PaymentError `payment/settle-failed` when the transaction was not carried out */
export async function mined(chain: PublicClient, hash: Hex): Promise<void> {
  const { status } = await chain.waitForTransactionReceipt({ hash })
  if (status !== 'success') throw new PaymentError('payment/settle-failed')
}

/** The address of a new contract. */
export async function deployEscrow({ wallet, chain }: EscrowClients): Promise<Address> {
  const hash = await wallet.deployContract({ abi: ESCROW_ABI, bytecode: ESCROW_BYTECODE })
  const { contractAddress } = await chain.waitForTransactionReceipt({ hash })
  if (contractAddress === null || contractAddress === undefined)
    throw new PaymentError('payment/settle-failed')
  return getAddress(contractAddress)
}

export async function readEscrow(
  chain: PublicClient,
  reference: EscrowReference,
  channel: Uint8Array,
): Promise<EscrowState> {
  return readEscrowAt(chain, reference, channel, undefined)
}

/** As it was in this block; undefined: in the newest. */
export async function readEscrowAt(
  chain: PublicClient,
  reference: EscrowReference,
  channel: Uint8Array,
  blockNumber: bigint | undefined,
): Promise<EscrowState> {
  const { contract: address } = reference
  const args = [escrowId(reference, channel)] as const
  const at = blockNumber === undefined ? {} : { blockNumber }
  return chain.readContract({ address, abi: ESCROW_ABI, functionName: 'channelOf', args, ...at })
}

export interface EscrowPayer {
  /** Deposits for the channel; `notice` in seconds. */
  open(deposit: bigint, notice: bigint): Promise<void>
  topUp(amount: bigint): Promise<void>
  /** Asks for the rest: the payee has the notice to redeem. */
  startClose(): Promise<void>
  /** After the notice: takes the rest. */
  finishClose(): Promise<void>
  state(): Promise<EscrowState>
}

/** Errors are viem's: a call that the contract would refuse is not sent. */
export function escrowPayer(
  clients: EscrowClients,
  reference: EscrowReference,
  channel: Uint8Array,
): EscrowPayer {
  const { wallet, chain } = clients
  const call = { address: reference.contract, abi: ESCROW_ABI } as const
  const id = escrowId(reference, channel)
  const { account } = wallet
  return {
    open: async (value, notice) => {
      const args = [reference.payee, bytesToHex(channel), notice] as const
      const { request } = await chain.simulateContract({
        ...call,
        functionName: 'open',
        args,
        value,
        account,
      })
      await mined(chain, await wallet.writeContract(request))
    },
    topUp: async (value) => {
      const { request } = await chain.simulateContract({
        ...call,
        functionName: 'topUp',
        args: [id],
        value,
        account,
      })
      await mined(chain, await wallet.writeContract(request))
    },
    startClose: async () => {
      const { request } = await chain.simulateContract({
        ...call,
        functionName: 'startClose',
        args: [id],
        account,
      })
      await mined(chain, await wallet.writeContract(request))
    },
    finishClose: async () => {
      const { request } = await chain.simulateContract({
        ...call,
        functionName: 'finishClose',
        args: [id],
        account,
      })
      await mined(chain, await wallet.writeContract(request))
    },
    state: () => readEscrow(chain, reference, channel),
  }
}
