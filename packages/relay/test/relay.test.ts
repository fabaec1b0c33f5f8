import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LogFields, type Logger, silentLogger, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { startRelay } from '@hyphae/relay'
import { virtualClock } from '@hyphae/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { connect, newBox, type RelayFixture, startFixture, temporaryFolder } from './support/relay.js'

let fixture: RelayFixture | undefined
afterEach(async () => {
  await fixture?.dispose()
  fixture = undefined
})

const put = (box: Uint8Array, size = 512) => ({
  box: box as ReturnType<typeof newBox>['id'],
  id: crypto.randomBytes(16),
  frame: crypto.randomBytes(size),
})

describe('a relay', () => {
  it('says that it is well on the same port, and nothing else over HTTP', async () => {
    fixture = await startFixture()
    const http = fixture.server.url.replace('ws:', 'http:')
    const health = await fetch(`${http}/health`)
    expect([health.status, await health.text()]).toEqual([200, 'ok\n'])
    expect((await fetch(`${http}/`)).status).toBe(426)
    expect((await fetch(`${http}/health`, { method: 'POST' })).status).toBe(426)
  })

  it('counts what it holds', async () => {
    fixture = await startFixture()
    const { mailbox, blobs } = await fixture.connect()
    const [a, b] = [newBox(), newBox()]
    await mailbox.put([put(a.id, 128), put(a.id, 2048), put(b.id, 4096)])
    const data = crypto.randomBytes(1000)
    await blobs.put([{ hash: crypto.sha256(data), data }])
    expect(await fixture.server.stats()).toEqual({
      frames: { 128: 1, 512: 0, 2048: 1, 4096: 1 },
      boxes: 2,
      records: 0,
      items: 0,
      blobs: 1,
      bytes: 128 + 2048 + 4096 + 1000,
      connections: 1,
    })
  })

  it('refuses a blob under a hash that is not its own', async () => {
    fixture = await startFixture()
    const { blobs } = await fixture.connect()
    const hash = crypto.randomBytes(32)
    await expect(blobs.put([{ hash, data: new Uint8Array(10) }])).rejects.toMatchObject({
      code: 'relay-carrier/bad-hash',
    })
    expect(await blobs.has([hash])).toEqual([false])
  })

  it('answers what was begun before it closes, and what it answered is there afterwards', async () => {
    const folder = await temporaryFolder()
    const first = await startRelay({ data: folder.path })
    const carrier = await connect(first.url)
    const box = newBox()
    await carrier.mailbox.put([put(box.id)])
    const results = Array.from({ length: 200 }, () => carrier.mailbox.put([put(box.id, 128)]))
    await sleep(1)
    await first.close()
    await first.close()
    const second = await startRelay({ data: folder.path, port: first.port })
    await Promise.all(results)
    expect(await carrier.mailbox.fetch(box, { limit: 1000 })).toHaveLength(201)
    await carrier.close()
    await second.close()
    await folder.remove()
  })

  it('pushes to several watchers, beyond windows and reads, in order and once each', async () => {
    fixture = await startFixture()
    const box = newBox()
    const sender = await fixture.connect()
    const count = 700
    const read = async (): Promise<number[]> => {
      const { mailbox } = await (fixture as RelayFixture).connect()
      const cursors: number[] = []
      for await (const { cursor } of mailbox.watch(box)) {
        cursors.push(cursor)
        if (cursors.length === count) break
      }
      return cursors
    }
    const readers = Promise.all([read(), read()])
    for (let sent = 0; sent < count; sent += 50)
      await sender.mailbox.put(Array.from({ length: 50 }, () => put(box.id, 128)))
    for (const cursors of await readers) expect(cursors).toEqual([...new Set(cursors)].sort((a, b) => a - b))
  })

  it('logs every message to the traffic file, and no id, address or hash to its log', async () => {
    const folder = await temporaryFolder()
    const trafficLog = join(folder.path, 'traffic')
    const lines: string[] = []
    const note = (message: string, fields?: LogFields): void => {
      lines.push(JSON.stringify([message, fields]))
    }
    const logger: Logger = { ...silentLogger, debug: note, info: note, warn: note, error: note }
    fixture = await startFixture({ trafficLog, logger })
    const { mailbox } = await fixture.connect()
    const box = newBox()
    const item = put(box.id)
    await mailbox.put([item])
    expect(await mailbox.fetch(box)).toHaveLength(1)
    await mailbox.fetch({ ...newBox(), id: box.id }).catch(() => {})
    await fixture.dispose()
    fixture = undefined
    const traffic = await readFile(trafficLog)
    const first = traffic.indexOf(item.frame)
    expect(first).toBeGreaterThan(0)
    expect(traffic.indexOf(item.frame, first + 1)).toBeGreaterThan(first)
    for (const secret of [box.id, item.id, item.frame.subarray(0, 16)])
      expect(lines.join('\n')).not.toContain(toHex(secret))
    await folder.remove()
  })

  it('stops reading a connection that exceeds its rate, until time has paid for it', async () => {
    const clock = virtualClock()
    fixture = await startFixture({ clock, limits: { operationsPerSecond: 100 } })
    const { blobs } = await fixture.connect()
    await blobs.has(Array.from({ length: 110 }, () => new Uint8Array(32)))
    let answered = false
    const late = blobs.has([new Uint8Array(32)]).then(() => {
      answered = true
    })
    await sleep(50)
    expect(answered).toBe(false)
    await clock.advance(100)
    await late
  })
})
