import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock, toHex } from '@hyphae/core'
import { defaultCrypto as crypto, type Ed25519PrivateKey } from '@hyphae/crypto'
import { afterEach } from 'vitest'
import { type LinkCarrier, type LinkOptions, link } from '../../src/index.node.js'

export const components = { clock: systemClock, logger: silentLogger }

export function socketPath(): string {
  return `unix:${join(mkdtempSync(join(tmpdir(), 'hyphae-link-')), 'link')}`
}

export const ADDRESSES: [string, () => string][] = [
  ['a Unix socket', socketPath],
  ['TCP', () => 'tcp://127.0.0.1:0'],
  ['UDP', () => 'udp://127.0.0.1:0'],
  ['a WebSocket', () => 'ws://127.0.0.1:0/link'],
]

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

export function closeLater(one: { close(): Promise<void> }): void {
  open.push(one)
}

export interface Device extends LinkCarrier {
  readonly id: string
  readonly key: Ed25519PrivateKey
}

export async function device(options: Partial<LinkOptions> = {}): Promise<Device> {
  const key = options.identity ?? crypto.ed25519.generate()
  const carrier = await link({ ...options, identity: key })(components)
  open.push(carrier)
  return { ...carrier, id: toHex(key.publicKey), key }
}

/** A device that knows where the others listen. */
export function deviceKnowing(...others: Device[]): Promise<Device> {
  const known = new Map(others.map(({ id, listening }) => [id, listening]))
  return device({ addresses: (peer) => known.get(peer) ?? [] })
}

export const frameOf = (size = 512): Uint8Array => crypto.randomBytes(size)
