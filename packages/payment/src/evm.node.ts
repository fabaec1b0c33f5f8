/** The subpath `@hyphae/payment/evm-node`: an escrow by the URL of a node, for programs; it brings viem's clients. */
export { type EscrowNode, openEscrowNode } from './evm/node.js'
