/**
 * Which escrow a channel lies in: what the terms of a channel hold as their reference. spec/payment.md section 7.2.
 *
 *     chain id u64 | contract 20 | payer 20 | payee 20
 *
 * The terms, signed by the payer's Ed25519 key, name the payer's address; the deposit, sent from that address, names
 * the id of the channel. Each signs the other, so neither can be moved to another channel, contract or chain.
 */
import { concatBytes } from '@hyphae/core'
import {
  type Address,
  bytesToHex,
  encodeAbiParameters,
  getAddress,
  type Hex,
  hexToBytes,
  keccak256,
} from 'viem'
import { amountBytes, finish, malformed, readerOf, take, takeTime } from '../codec.js'

export interface EscrowReference {
  readonly chainId: number
  readonly contract: Address
  readonly payer: Address
  readonly payee: Address
}

const ADDRESS_BYTES = 20

export function encodeReference({ chainId, contract, payer, payee }: EscrowReference): Uint8Array {
  const addresses = [contract, payer, payee].map((address) => hexToBytes(address))
  if (addresses.some(({ length }) => length !== ADDRESS_BYTES)) throw malformed('bad address')
  return concatBytes(amountBytes(BigInt(chainId)), ...addresses)
}

/** @throws PaymentError `payment/malformed` */
export function decodeReference(bytes: Uint8Array): EscrowReference {
  const reader = readerOf(bytes)
  const chainId = takeTime(reader)
  const address = (): Address => getAddress(bytesToHex(take(reader, ADDRESS_BYTES)))
  const reference = { chainId, contract: address(), payer: address(), payee: address() }
  finish(reader)
  return reference
}

const ID_PARAMETERS = [{ type: 'address' }, { type: 'address' }, { type: 'bytes32' }] as const

/** The id in the contract of the channel with this id outside of it. */
export function escrowId(
  { payer, payee }: Pick<EscrowReference, 'payer' | 'payee'>,
  channel: Uint8Array,
): Hex {
  return keccak256(encodeAbiParameters(ID_PARAMETERS, [payer, payee, bytesToHex(channel)]))
}
