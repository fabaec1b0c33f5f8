import { silentLogger } from '@hyphae/core'
import { virtualClock } from '@hyphae/testkit'
import { afterAll } from 'vitest'
import type { OpenEngine, RelayEngine } from '../../src/engine/engine.js'
import { natsEngine } from '../../src/engine/nats/engine.js'
import { postgresEngine } from '../../src/engine/postgres/engine.js'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { NATS_MISSING, startNats } from '../support/nats-servers.js'
import { POSTGRES_MISSING, startPostgres } from '../support/postgres-server.js'
import { engineCompliance, type OpenSubject, type SubjectFixture } from './compliance.js'

/** Each test has streams, or a schema, of its own on one server, which is started for the first. */
function sharedEngine<Server extends { dispose(): Promise<void> }>(
  startServer: () => Promise<Server>,
  engineOn: (server: Server, name: string) => OpenEngine,
): OpenSubject {
  let running: Promise<Server> | undefined
  let tests = 0
  afterAll(async () => (await running)?.dispose())
  return async (limits) => {
    running ??= startServer()
    const clock = virtualClock()
    const start = engineOn(await running, `t${tests++}`)
    const options = { data: '', limits: { ...DEFAULT_LIMITS, ...limits }, clock, logger: silentLogger }
    const seconds: RelayEngine[] = []
    const fixture: SubjectFixture = {
      engine: await start(options),
      clock,
      reopen: async () => {
        await fixture.engine.close()
        fixture.engine = await start(options)
      },
      second: async () => {
        const second = await start(options)
        seconds.push(second)
        return second
      },
      dispose: async () => {
        await Promise.all([fixture.engine, ...seconds].map((engine) => engine.close()))
      },
    }
    return fixture
  }
}

const overNats = sharedEngine(
  () => startNats(1),
  ({ servers }, prefix) => natsEngine({ servers, replicas: 1, prefix }),
)
const overPostgres = sharedEngine(
  () => startPostgres({ synced: false }),
  ({ url }, schema) => postgresEngine({ url, schema }),
)

engineCompliance('the NATS engine', overNats, { missing: NATS_MISSING })
engineCompliance('the PostgreSQL engine', overPostgres, { missing: POSTGRES_MISSING })
