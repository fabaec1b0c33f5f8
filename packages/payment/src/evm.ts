/** The subpath `@hyphae/payment/evm`: channels over an escrow contract, through viem. */
export { ESCROW_ABI, ESCROW_BYTECODE } from './evm/artifact.js'
export {
  deployEscrow,
  type EscrowClients,
  type EscrowPayer,
  type EscrowState,
  escrowPayer,
  readEscrow,
} from './evm/escrow.js'
export { type EscrowFundingOptions, escrowFunding } from './evm/funding.js'
export { decodeReference, type EscrowReference, encodeReference, escrowId } from './evm/reference.js'
export { escrowEvidence, verifyEvidence } from './evm/voucher.js'
