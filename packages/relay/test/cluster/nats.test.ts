import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleChild } from '../support/bundle.js'
import { NATS_MISSING, type NatsServers, startNats } from '../support/nats-servers.js'
import { expectNothingLost, startLoad, untilStored } from './load.js'
import { type Relays, startRelays } from './relays.js'

/** `npm run cluster` asks for many; by default enough to see the machinery work. */
const MESSAGES = Number(process.env.HYPHAE_CLUSTER_MESSAGES ?? 800)
/** Three copies bear one server that dies at a time; spec/relay-engines.md section 5 says what 2.9.10 makes of more. */
const KILLS = 1

const title = NATS_MISSING === undefined ? 'relays over NATS' : `relays over NATS (skipped: ${NATS_MISSING})`

if (process.env.HYPHAE_CLUSTER_REQUIRED === '1' && NATS_MISSING !== undefined) throw new Error(NATS_MISSING)

describe.skipIf(NATS_MISSING !== undefined)(title, () => {
  let servers: NatsServers
  let relays: Relays
  beforeAll(async () => {
    const script = await bundleChild('shared-relay')
    servers = await startNats(3)
    relays = await startRelays(script, 'nats', `nats://${servers.servers[0]}`, 2)
  }, 60_000)
  afterAll(async () => {
    await relays?.dispose()
    await servers?.dispose()
  })

  it('hostile 35: lose nothing acknowledged when servers and relays are killed under load', async () => {
    const load = await startLoad(relays.all)
    for (let kill = 0; kill < KILLS; kill++) {
      await untilStored(load, ((kill + 0.5) * MESSAGES) / KILLS)
      // One of three is away at a time; relays start while it is.
      await servers.kill(kill % 3)
      await sleep(300)
      if (kill % 3 !== 0) await relays.restart(kill % 2)
      await untilStored(load, load.stored() + 200)
      await servers.start(kill % 3)
      // Three copies bear the loss of one: the next server goes when this one has caught up.
      await servers.settled()
      if (kill % 3 === 0) await relays.restart(kill % 2)
    }
    await relays.restart(1)
    await untilStored(load, MESSAGES)
    await load.stop()
    expect(load.stored()).toBeGreaterThanOrEqual(MESSAGES)
    await expectNothingLost(load, relays.all[0] as (typeof relays.all)[number])
  }, 240_000)
})
