import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto, type Ed25519PrivateKey } from '@hyphae/crypto'
import { afterEach } from 'vitest'
import { type Libp2pCarrier, type Libp2pOptions, libp2p } from '../../src/index.node.js'

export const components = { clock: systemClock, logger: silentLogger }
export const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

export function closeLater<T extends { close(): Promise<void> }>(one: T): T {
  open.push(one)
  return one
}

export interface Node extends Libp2pCarrier {
  readonly key: Ed25519PrivateKey
}

/** A node on this machine alone, closed by its caller. */
export async function startNode(options: Partial<Libp2pOptions> = {}): Promise<Node> {
  const key = options.identity ?? crypto.ed25519.generate()
  const carrier = await libp2p({ listen: [LOOPBACK], reach: 'local', ...options, identity: key })(components)
  return { ...carrier, key }
}

/** The same, closed after the test. */
export async function node(options: Partial<Libp2pOptions> = {}): Promise<Node> {
  return closeLater(await startNode(options))
}

export const frameOf = (size = 512): Uint8Array => crypto.randomBytes(size)

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
