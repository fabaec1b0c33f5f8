/** Clients for the escrow by the URL of a node and a private key: what a configuration can say. */
import {
  type Address,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  type PublicClient,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { PaymentError } from '../errors.js'
import type { EscrowClients } from './escrow.js'

export interface EscrowNode {
  /** JSON-RPC of a node of the chain, `http:` or `https:`. */
  readonly url: string
  readonly contract: Address
  /** 32 bytes as `0x…`: the account that is paid, and pays for redeeming. */
  readonly key: Hex
}

/**
 * Asks the node which chain it is on.
 * @throws PaymentError `payment/wrong-chain` when it does not answer or has no contract there
 */
export async function openEscrowNode({ url, contract, key }: EscrowNode): Promise<EscrowClients> {
  const transport = http(url)
  const asking = createPublicClient({ transport })
  const [id, bytecode] = await Promise.all([
    asking.getChainId(),
    asking.getCode({ address: contract }),
  ]).catch(() => {
    // What viem says quotes the URL, which may hold a secret.
    throw new PaymentError('payment/wrong-chain', { details: { reason: 'the node does not answer' } })
  })
  if (bytecode === undefined)
    throw new PaymentError('payment/wrong-chain', { details: { reason: 'no contract at this address' } })
  const chain = defineChain({
    id,
    name: `chain ${id}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  })
  const account = privateKeyToAccount(key)
  return {
    wallet: createWalletClient({ chain, transport, account }),
    chain: createPublicClient({ chain, transport }) as PublicClient,
  }
}
