/** Payment, hops and push by the settings of a relay program. spec/relay-rest.md section 6. */
import type { Funding } from '@hyphae/payment'
import { loadOptional } from '../engine/choose.js'
import type { RelayOptions } from '../options.js'
import { PAYMENT_METHODS, type SellingOptions } from '../payment/service.js'
import type { RelayConfig } from './config.js'

type Offered = Pick<
  RelayOptions,
  'accepts' | 'writes' | 'writeKey' | 'payment' | 'hops' | 'push' | 'serviceKey'
>

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replace(/^0x/, ''), 'hex'))
}

type Hex = `0x${string}`

/** @throws PaymentError `payment/wrong-chain`; RelayError `relay/bad-setting` without its library */
async function escrowOf(config: RelayConfig): Promise<Funding[]> {
  const { escrowUrl: url, escrowContract, escrowKey, escrowConfirmations, escrowMinSettle } = config
  if (url === undefined || escrowContract === undefined || escrowKey === undefined) return []
  const { escrowFunding } = await loadOptional('escrowUrl', 'viem', () => import('@hyphae/payment/evm'))
  const { openEscrowNode } = await loadOptional('escrowUrl', 'viem', () => import('@hyphae/payment/evm-node'))
  const contract = escrowContract as Hex
  const clients = await openEscrowNode({ url, contract, key: escrowKey as Hex })
  return [
    escrowFunding({
      ...clients,
      contract,
      ...(escrowConfirmations !== undefined && { confirmations: escrowConfirmations }),
      ...(escrowMinSettle !== undefined && { minSettle: BigInt(escrowMinSettle) }),
    }),
  ]
}

async function paymentOf(config: RelayConfig): Promise<SellingOptions | undefined> {
  const { payAmount, payByteDays: byteDays, payTrustedKeys = [], payTokenValues } = config
  const issuerName = config.payIssuer ?? config.names[0]
  if (payAmount === undefined || byteDays === undefined || issuerName === undefined) return undefined
  const fundings = await escrowOf(config)
  return {
    tariff: { byteDays, amount: BigInt(payAmount) },
    issuerName,
    trusted: payTrustedKeys.map(bytes),
    fundings,
    methods: config.payMethods ?? PAYMENT_METHODS,
    ...(payTokenValues !== undefined && { tokenValues: payTokenValues.map(Number) }),
  }
}

/** What is offered beside boxes, where a setting asks for it. */
export async function servicesOf(config: RelayConfig): Promise<Offered> {
  const { accepts, hopPeers: peers = [], hopSecond: second = false, pushContact, pushGateways } = config
  const { serviceKey, hopSecret, blobAccepts, logAccepts, stockAccepts, writeKey } = config
  const gateway = pushContact === undefined ? {} : { gateway: { contact: pushContact } }
  const gateways = pushGateways === undefined ? {} : { gateways: pushGateways }
  const secret = hopSecret === undefined ? {} : { secret: bytes(hopSecret) }
  const payment = await paymentOf(config)
  return {
    ...(serviceKey !== undefined && { serviceKey: bytes(serviceKey) }),
    ...(accepts !== undefined && { accepts }),
    writes: {
      ...(blobAccepts !== undefined && { blobs: blobAccepts }),
      ...(logAccepts !== undefined && { logs: logAccepts }),
      ...(stockAccepts !== undefined && { stocks: stockAccepts }),
    },
    ...(writeKey !== undefined && { writeKey: bytes(writeKey) }),
    ...(payment !== undefined && { payment }),
    ...((second || peers.length > 0) && { hops: { peers, second, ...secret } }),
    ...((pushContact ?? pushGateways) !== undefined && { push: { ...gateway, ...gateways } }),
  }
}
