import { silentLogger } from '@hyphae/core'
import { virtualClock } from '@hyphae/testkit'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RelayEngine } from '../../src/engine/engine.js'
import { createDocuments } from '../../src/engine/nats/documents.js'
import { pacedNatsEngine } from '../../src/engine/nats/engine.js'
import { createJetStream } from '../../src/engine/nats/jetstream.js'
import { digitsFor, type Layout } from '../../src/engine/nats/layout.js'
import { subjectsOf } from '../../src/engine/nats/names.js'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { cursorsOf, random } from '../support/engine.js'
import { NATS_MISSING, type NatsServers, startNats } from '../support/nats-servers.js'

const MIB = 1024 * 1024
/** Announcements stand for 60 ms. */
const PACE = { ageMs: 20, logBytes: 4096 }

it('mail is divided sixteenfold when logs are large, and back when an eighth of that is left', () => {
  expect(digitsFor(0, 1)).toBe(1)
  expect(digitsFor(256 * MIB, 1)).toBe(1)
  expect(digitsFor(256 * MIB + 1, 1)).toBe(2)
  expect(digitsFor(256 * MIB + 1, 2)).toBe(2)
  expect(digitsFor(33 * MIB, 2)).toBe(2)
  expect(digitsFor(31 * MIB, 2)).toBe(1)
  expect(digitsFor(2 ** 50, 4)).toBe(4)
})

describe.skipIf(NATS_MISSING !== undefined)('the division of mail into logs', () => {
  let nats: NatsServers
  beforeAll(async () => {
    nats = await startNats(1)
  })
  afterAll(async () => nats?.dispose())

  async function layoutNow(prefix: string): Promise<Layout> {
    const connection = await connect({ servers: [...nats.servers] })
    const names = subjectsOf(prefix)
    const value = await createDocuments(createJetStream(connection), names.documents).get(
      names.document('mail', 'logs'),
    )
    await connection.close()
    return JSON.parse(Buffer.from(value ?? []).toString())
  }

  it('changes under load: nothing is lost, doubled, out of order, or comes back', async () => {
    const start = pacedNatsEngine({ servers: nats.servers, replicas: 1, prefix: 'fine' }, PACE)
    const options = { data: '', limits: DEFAULT_LIMITS, clock: virtualClock(), logger: silentLogger }
    const engines = [await start(options), await start(options)] as const
    const at = (n: number): RelayEngine => engines[n % 2] as RelayEngine
    const boxes = Array.from({ length: 8 }, () => random(32))
    const seen = boxes.map(() => [] as number[])
    const ids: Uint8Array[] = []
    const read = async (engine: RelayEngine, n: number): Promise<void> => {
      const page = await engine.fetch(boxes[n] as Uint8Array, seen[n]?.at(-1) ?? 0, 1000)
      seen[n]?.push(...page.deliveries.map(({ cursor }) => cursor))
    }
    for (let round = 0; round < 30 || (await layoutNow('fine')).digits < 3; round++) {
      const id = random(16)
      ids.push(id)
      // Each by both relays: one frame.
      const puts = boxes.flatMap((box) => [at(0).put(box, id, random(512)), at(1).put(box, id, random(512))])
      expect((await Promise.all(puts)).every((verdict) => verdict === null)).toBe(true)
      await Promise.all(boxes.map((_, n) => read(at(n + round), n)))
      if (round === 10) await at(1).ack(boxes[0] as Uint8Array, seen[0]?.[5] as number)
      expect(round).toBeLessThan(500)
    }
    expect((await layoutNow('fine')).read.length).toBeGreaterThan(1)
    for (const [n, cursors] of seen.entries()) {
      expect(cursors).toHaveLength(ids.length)
      expect([...cursors].sort((a, b) => a - b)).toEqual(cursors)
      const left = n === 0 ? cursors.slice(6) : cursors
      expect(await cursorsOf(at(n), boxes[n] as Uint8Array)).toEqual(left)
      // Known in whichever log it lies, also what was acknowledged.
      expect(await at(n + 1).put(boxes[n] as Uint8Array, ids[0] as Uint8Array, random(512))).toBeNull()
      expect(await cursorsOf(at(n), boxes[n] as Uint8Array)).toEqual(left)
    }
    const all = await at(0).bucket({ bits: 0, prefix: 0 }, 0, 100_000)
    expect(all.frames).toHaveLength(ids.length * boxes.length - 6)
    for (const box of boxes) expect(await at(0).ack(box, Number.MAX_SAFE_INTEGER)).toBeNull()
    for (const box of boxes) expect(await cursorsOf(at(1), box)).toEqual([])
    // Ids are still remembered; the mail itself is gone, and with it the reason to divide.
    await vi.waitFor(async () => expect((await layoutNow('fine')).digits).toBeLessThan(3), {
      timeout: 10_000,
    })
    await Promise.all(engines.map((engine) => engine.close()))
  }, 40_000)
})
