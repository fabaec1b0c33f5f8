import { silentLogger } from '@hyphae/core'
import { virtualClock } from '@hyphae/testkit'
import { afterAll } from 'vitest'
import type { RelayEngine } from '../../src/engine/engine.js'
import { postgresEngine } from '../../src/engine/postgres/engine.js'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { POSTGRES_MISSING, type PostgresServer, startPostgres } from '../support/postgres-server.js'
import { engineCompliance, type OpenSubject, type SubjectFixture } from './compliance.js'

let running: Promise<PostgresServer> | undefined
let schemas = 0

/** Each test has a schema of its own on one server. */
const open: OpenSubject = async (limits) => {
  running ??= startPostgres()
  const { url } = await running
  const clock = virtualClock()
  const start = postgresEngine({ url, schema: `t${schemas++}` })
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

afterAll(async () => (await running)?.dispose())

engineCompliance('the PostgreSQL engine', open, { missing: POSTGRES_MISSING })
