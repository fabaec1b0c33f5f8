import { silentLogger } from '@hyphae/core'
import { virtualClock } from '@hyphae/testkit'
import { describe, expect, it, vi } from 'vitest'
import type { RelayEngine } from '../../src/engine/engine.js'
import { natsEngine } from '../../src/engine/nats/engine.js'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { random } from '../support/engine.js'
import { NATS_MISSING, startNats } from '../support/nats-servers.js'

const MIB = 1024 * 1024

/** Until it is refused; how many were stored. */
async function fill(engine: RelayEngine, box: Uint8Array): Promise<number> {
  for (let stored = 0; stored < 100_000; stored += 50) {
    const puts = Array.from({ length: 50 }, () => engine.put(box, random(16), random(4096)))
    const verdicts = await Promise.all(puts)
    const refused = verdicts.find((verdict) => verdict !== null)
    if (refused === undefined || refused === null) continue
    expect(refused.refused).toBe('storage-failed')
    return stored + verdicts.filter((verdict) => verdict === null).length
  }
  throw new Error('never full')
}

describe.skipIf(NATS_MISSING !== undefined)('what the servers set aside', () => {
  it('hostile 32: refuses frames when it is full, and acknowledges them all the same', async () => {
    const nats = await startNats(1)
    const options = { data: '', limits: DEFAULT_LIMITS, clock: virtualClock(), logger: silentLogger }
    const engine = await natsEngine({ servers: nats.servers, replicas: 1, maxBytes: 4 * MIB })(options)
    try {
      const box = random(32)
      const stored = await fill(engine, box)
      expect(stored * 4096).toBeGreaterThan(MIB)
      expect(stored * 4096).toBeLessThan(4 * MIB)
      // In small steps, each a note of its own.
      for (let n = 0; n < 20; n++) {
        const page = await engine.fetch(box, 0, 3)
        expect(await engine.ack(box, page.deliveries.at(-1)?.cursor as number)).toBeNull()
      }
      expect(await engine.ack(box, Number.MAX_SAFE_INTEGER)).toBeNull()
      expect((await engine.fetch(box, 0, 1)).deliveries).toEqual([])
      // And takes frames again when there is room.
      const again = async () => expect(await engine.put(box, random(16), random(4096))).toBeNull()
      await vi.waitFor(again, { timeout: 10_000, interval: 100 })
    } finally {
      await engine.close()
      await nats.dispose()
    }
  }, 30_000)
})
