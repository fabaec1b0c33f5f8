/** A relay on a temporary folder and carriers to it; everything ends with `dispose`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BoxKey, boxId, silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type Relay, type RelayOptions, startRelay } from '@hyphae/relay'
import { type RelayCarrier, type RelayCarrierOptions, relay } from '@hyphae/transport-relay'

export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'hyphae-relay-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

export function newBox(): BoxKey {
  const key = crypto.ed25519.generate()
  return { id: boxId(key.publicKey), sign: (message) => crypto.ed25519.sign(key, message) }
}

export type RelayClient = RelayCarrier

export interface RelayFixture {
  server: Relay
  readonly folder: string
  connect(options?: RelayCarrierOptions): Promise<RelayClient>
  /** Closes the relay and starts another on the same folder and another port. */
  restart(): Promise<void>
  dispose(): Promise<void>
}

export function connect(url: string, options?: RelayCarrierOptions): Promise<RelayClient> {
  return relay(url, options)({ clock: systemClock, logger: silentLogger })
}

export async function startFixture(options: Partial<RelayOptions> = {}): Promise<RelayFixture> {
  const folder = await temporaryFolder()
  const start = (): Promise<Relay> => startRelay({ data: folder.path, ...options })
  const carriers: RelayClient[] = []
  const fixture: RelayFixture = {
    server: await start(),
    folder: folder.path,
    connect: async (carrierOptions) => {
      const carrier = await connect(fixture.server.url, carrierOptions)
      carriers.push(carrier)
      return carrier
    },
    restart: async () => {
      await fixture.server.close()
      fixture.server = await start()
    },
    dispose: async () => {
      await Promise.all(carriers.map((carrier) => carrier.close()))
      await fixture.server.close()
      await folder.remove()
    },
  }
  return fixture
}
