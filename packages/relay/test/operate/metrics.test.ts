import { chmod, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLogger } from '@hyphae/core'
import { startRelay } from '@hyphae/relay'
import { virtualClock } from '@hyphae/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { refuse } from '../../src/engine/engine.js'
import { startControl } from '../../src/operate/admin.js'
import { jsonLogger } from '../../src/operate/log.js'
import { createMetrics, observedEngine } from '../../src/operate/metrics.js'
import { type EngineFixture, openEngine, random } from '../support/engine.js'
import { temporaryFolder } from '../support/relay.js'

let fixture: EngineFixture
beforeEach(async () => {
  fixture = await openEngine({ framesPerBox: 1 })
})
afterEach(() => fixture.dispose())

describe('an engine that is counted', () => {
  it('answers as before, and each operation is told with its outcome and time', async () => {
    const told: [string, string, number][] = []
    let now = 0
    const engine = observedEngine(
      fixture.engine,
      (operation) => (outcome, seconds) => told.push([operation, outcome, seconds]),
      () => now++,
    )
    const box = random(32)
    expect(await engine.put(box, random(16), random(128))).toBeNull()
    expect(await engine.put(box, random(16), random(128))).toMatchObject({ refused: 'box-full' })
    expect((await engine.fetch(box, 0, 10)).deliveries).toHaveLength(1)
    expect(engine.terms(box)).toBeUndefined()
    expect(await engine.stats()).toMatchObject({ boxes: 1 })
    expect(engine.queuedBytes()).toBe(0)
    expect(engine.upkeep).toBe(fixture.engine.upkeep)
    expect(told.map(([operation, outcome]) => `${operation} ${outcome}`)).toEqual([
      'put ok',
      'put box-full',
      'fetch ok',
      'terms ok',
    ])
    for (const [, , seconds] of told) expect(seconds).toBeGreaterThan(0)
  })

  it('fails as before, and that is told too', async () => {
    const told: string[] = []
    const broken = {
      ...fixture.engine,
      fetch: () => Promise.reject(new Error('disk')),
      put: () => Promise.resolve(refuse('storage-failed', 1)),
    }
    const engine = observedEngine(
      broken,
      (operation) => (outcome) => told.push(`${operation} ${outcome}`),
      () => 0,
    )
    await expect(engine.fetch(random(32), 0, 1)).rejects.toThrow('disk')
    await engine.put(random(32), random(16), random(128))
    expect(told).toEqual(['fetch error', 'put storage-failed'])
  })

  it('is shown without anything a client sent', async () => {
    const metrics = createMetrics(() => 0)
    metrics.http('/blobs/{hash}', 'GET', 404, 0.2)
    metrics.watch({
      ready: async () => false,
      stats: async () => ({ ...(await fixture.engine.stats()), connections: 7 }),
    })
    const text = await metrics.text()
    expect(text).toContain(
      'hyphae_relay_http_request_seconds_count{route="/blobs/{hash}",method="GET",status="404"} 1\n',
    )
    expect(text).toContain('hyphae_relay_connections 7\n')
    expect(text).toContain('hyphae_relay_ready 0\n')
  })
})

describe('the log', () => {
  it('is one JSON object a line from its level on; fields cannot stand for what every line has', () => {
    const lines: string[] = []
    const logger = jsonLogger('warn', virtualClock(1_700_000_000_000), (line) => lines.push(line))
    logger.debug('a')
    logger.info('b')
    logger.warn('c\n"', { count: 1, level: 'fake', time: 'fake' })
    logger.error('d', { code: 'x' })
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { time: '2023-11-14T22:13:20.000Z', level: 'warn', message: 'c\n"', count: 1 },
      { time: '2023-11-14T22:13:20.000Z', level: 'error', message: 'd', code: 'x' },
    ])
    expect(lines.every((line) => line.endsWith('}\n') && line.indexOf('\n') === line.length - 1)).toBe(true)
    jsonLogger('off', virtualClock(), (line) => lines.push(line)).error('e')
    expect(lines).toHaveLength(2)
  })
})

describe('the control socket', () => {
  it('is its owner’s alone, also in a folder that others may enter; without upkeep there is none', async () => {
    const folder = await temporaryFolder()
    const data = join(folder.path, 'open')
    await mkdir(data)
    await chmod(data, 0o755)
    const relay = await startRelay({ data })
    const control = await startControl(data, relay, silentLogger)
    expect((await stat(join(data, 'control'))).mode & 0o777).toBe(0o600)
    await control?.close()
    expect(await startControl(data, { upkeep: undefined, payment: undefined }, silentLogger)).toBeUndefined()
    const long = join(folder.path, 'x'.repeat(120))
    expect(await startControl(long, relay, silentLogger)).toBeUndefined()
    await relay.close()
    await folder.remove()
  })
})
