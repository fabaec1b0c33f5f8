/** An embedded engine on a temporary folder with a clock of the test's. */
import { type Clock, silentLogger } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type VirtualClock, virtualClock } from '@hyphae/testkit'
import type { OpenDatabase } from '../../src/engine/database.js'
import { openEmbedded } from '../../src/engine/embedded.js'
import type { RelayEngine } from '../../src/engine/engine.js'
import { DEFAULT_LIMITS, type RelayLimits } from '../../src/limits.js'
import { temporaryFolder } from './relay.js'

export interface EngineFixture {
  engine: RelayEngine
  readonly clock: VirtualClock
  readonly folder: string
  /** Closes the engine and opens the same folder again. */
  reopen(): Promise<void>
  dispose(): Promise<void>
}

export async function openEngine(
  limits: Partial<RelayLimits> = {},
  open?: OpenDatabase,
  realClock?: Clock,
): Promise<EngineFixture> {
  const folder = await temporaryFolder()
  const clock = virtualClock()
  const options = {
    folder: folder.path,
    limits: { ...DEFAULT_LIMITS, ...limits },
    clock: realClock ?? clock,
    logger: silentLogger,
    ...(open === undefined ? {} : { open }),
  }
  const fixture: EngineFixture = {
    engine: await openEmbedded(options),
    clock,
    folder: folder.path,
    reopen: async () => {
      await fixture.engine.close()
      fixture.engine = await openEmbedded(options)
    },
    dispose: async () => {
      await fixture.engine.close()
      await folder.remove()
    },
  }
  return fixture
}

export const random = (length: number): Uint8Array => crypto.randomBytes(length)

export async function cursorsOf(engine: RelayEngine, box: Uint8Array): Promise<number[]> {
  const page = await engine.fetch(box, 0, 10_000)
  return page.deliveries.map(({ cursor }) => cursor)
}
