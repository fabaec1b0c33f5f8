import { silentLogger } from '@hyphae/core'
import { virtualClock } from '@hyphae/testkit'
import { afterAll } from 'vitest'
import type { RelayEngine } from '../../src/engine/engine.js'
import { natsEngine } from '../../src/engine/nats/engine.js'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { NATS_MISSING, type NatsServers, startNats } from '../support/nats-servers.js'
import { engineCompliance, type OpenSubject, type SubjectFixture } from './compliance.js'

let running: Promise<NatsServers> | undefined
let prefixes = 0

/** Each test has streams of its own on one server. */
const open: OpenSubject = async (limits) => {
  running ??= startNats(1)
  const { servers } = await running
  const clock = virtualClock()
  const start = natsEngine({ servers, replicas: 1, prefix: `t${prefixes++}` })
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

engineCompliance('the NATS engine', open, { missing: NATS_MISSING })
