/** A relay on a temporary folder and carriers to it; everything ends with `dispose`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BoxKey, boxId, type Carrier, silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type Relay, type RelayOptions, startRelay } from '@hyphae/relay'
import { type RelayCarrierOptions, relay } from '@hyphae/transport-relay'

export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'hyphae-relay-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

export function newBox(): BoxKey {
  const key = crypto.ed25519.generate()
  return { id: boxId(key.publicKey), sign: (message) => crypto.ed25519.sign(key, message) }
}

export interface RelayFixture {
  readonly server: Relay
  readonly folder: string
  connect(
    options?: RelayCarrierOptions,
  ): Promise<Required<Pick<Carrier, 'mailbox' | 'directory' | 'blobs'>> & Carrier>
  dispose(): Promise<void>
}

export async function connect(
  url: string,
  options?: RelayCarrierOptions,
): ReturnType<RelayFixture['connect']> {
  const carrier = await relay(url, options)({ clock: systemClock, logger: silentLogger })
  const { mailbox, directory, blobs } = carrier
  if (mailbox === undefined || directory === undefined || blobs === undefined) throw new Error('not a relay')
  return { ...carrier, mailbox, directory, blobs }
}

export async function startFixture(options: Partial<RelayOptions> = {}): Promise<RelayFixture> {
  const folder = await temporaryFolder()
  const server = await startRelay({ data: folder.path, ...options })
  const carriers: Carrier[] = []
  return {
    server,
    folder: folder.path,
    connect: async (carrierOptions) => {
      const carrier = await connect(server.url, carrierOptions)
      carriers.push(carrier)
      return carrier
    },
    dispose: async () => {
      await Promise.all(carriers.map((carrier) => carrier.close()))
      await server.close()
      await folder.remove()
    },
  }
}
