/**
 * What the contract can check of a voucher: an EIP-712 signature by the payer's address. spec/payment.md section 7.2.
 *
 * The EVM has no Ed25519, and computing it there costs hundreds of thousands of gas; recovering secp256k1 costs 3,000. So a voucher over an escrow carries both: the
 * first for the relay's own books, the second as evidence, over the same amount and time.
 */
import {
  type Address,
  bytesToHex,
  type Hex,
  hexToBytes,
  isAddressEqual,
  type LocalAccount,
  recoverTypedDataAddress,
} from 'viem'
import type { Evidence } from '../payer.js'
import { type EscrowReference, escrowId } from './reference.js'

export const EVIDENCE_BYTES = 65

const TYPES = {
  Voucher: [
    { name: 'channel', type: 'bytes32' },
    { name: 'amount', type: 'uint256' },
    { name: 'expiresAt', type: 'uint64' },
  ],
} as const

interface EscrowVoucher {
  readonly channel: Hex
  readonly amount: bigint
  /** Seconds since 1970. */
  readonly expiresAt: bigint
}

interface TypedVoucher {
  readonly domain: {
    readonly name: 'Hyphae Escrow'
    readonly version: '1'
    readonly chainId: number
    readonly verifyingContract: Address
  }
  readonly types: typeof TYPES
  readonly primaryType: 'Voucher'
  readonly message: EscrowVoucher
}

/** The contract counts in seconds. */
export function escrowSeconds(expiresAt: number): bigint {
  return BigInt(Math.floor(expiresAt / 1000))
}

function typed(
  { chainId, contract, ...parties }: EscrowReference,
  channel: Uint8Array,
  { amount, expiresAt }: { readonly amount: bigint; readonly expiresAt: number },
): TypedVoucher {
  const domain = { name: 'Hyphae Escrow', version: '1', chainId, verifyingContract: contract } as const
  const message = { channel: escrowId(parties, channel), amount, expiresAt: escrowSeconds(expiresAt) }
  return { domain, types: TYPES, primaryType: 'Voucher', message }
}

/** Signs what `createPayer` signs, for the contract: its `evidence`. */
export function escrowEvidence(
  account: Pick<LocalAccount, 'signTypedData'>,
  reference: EscrowReference,
  channel: Uint8Array,
): Evidence {
  return async (voucher) => hexToBytes(await account.signTypedData(typed(reference, channel, voucher)))
}

/** Half the order of secp256k1: the contract refuses larger s, the twins of smaller ones. */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n
const S_AT = 32
const V_AT = 64

/** Other forms recover the same address here, and nothing in the contract: credit for them would never be money. */
function isRedeemable(evidence: Uint8Array): boolean {
  const v = evidence[V_AT]
  if (evidence.length !== EVIDENCE_BYTES || (v !== 27 && v !== 28)) return false
  return BigInt(bytesToHex(evidence.subarray(S_AT, V_AT))) <= HALF_ORDER
}

/** True when the payer's address signed it for this contract on this chain, in the one form the contract takes. */
export async function verifyEvidence(
  reference: EscrowReference,
  channel: Uint8Array,
  voucher: { readonly amount: bigint; readonly expiresAt: number; readonly evidence: Uint8Array },
): Promise<boolean> {
  if (!isRedeemable(voucher.evidence)) return false
  try {
    const signature = bytesToHex(voucher.evidence)
    const signer = await recoverTypedDataAddress({ ...typed(reference, channel, voucher), signature })
    return isAddressEqual(signer, reference.payer)
  } catch {
    // Bytes that are no signature recover nothing.
    return false
  }
}
