import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleChild } from '../support/bundle.js'
import { POSTGRES_MISSING, type PostgresServer, startPostgres } from '../support/postgres-server.js'
import { expectNothingLost, startLoad, untilStored } from './load.js'
import { type Relays, startRelays } from './relays.js'

/** `npm run cluster` asks for many; by default enough to see the machinery work. */
const MESSAGES = Number(process.env.HYPHAE_CLUSTER_MESSAGES ?? 1_500)
const CRASHES = MESSAGES > 10_000 ? 6 : 3

const title =
  POSTGRES_MISSING === undefined
    ? 'relays over PostgreSQL'
    : `relays over PostgreSQL (skipped: ${POSTGRES_MISSING})`

if (process.env.HYPHAE_CLUSTER_REQUIRED === '1' && POSTGRES_MISSING !== undefined)
  throw new Error(POSTGRES_MISSING)

describe.skipIf(POSTGRES_MISSING !== undefined)(title, () => {
  let server: PostgresServer
  let relays: Relays
  beforeAll(async () => {
    const script = await bundleChild('shared-relay')
    server = await startPostgres()
    relays = await startRelays(script, 'postgres', server.url, 2)
  }, 60_000)
  afterAll(async () => {
    await relays?.dispose()
    await server?.dispose()
  })

  it('hostile 35: lose nothing acknowledged when the server and relays are killed under load', async () => {
    const load = await startLoad(relays.all)
    for (let crash = 0; crash < CRASHES; crash++) {
      await untilStored(load, ((crash + 0.5) * MESSAGES) / CRASHES)
      await server.crash()
      await sleep(200)
      await server.start()
      await untilStored(load, load.stored() + 100)
      await relays.restart(crash % 2)
    }
    await untilStored(load, MESSAGES)
    await load.stop()
    expect(load.stored()).toBeGreaterThanOrEqual(MESSAGES)
    await expectNothingLost(load, relays.all[0] as (typeof relays.all)[number])
  }, 240_000)
})
