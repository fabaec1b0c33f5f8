import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { virtualClock } from '@hyphae/testkit'
import S3rver from 's3rver'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BlobStore } from '../../src/engine/blob-store.js'
import { s3Blobs } from '../../src/engine/s3/blobs.js'
import { random } from '../support/engine.js'
import { freePort } from '../support/nats-servers.js'
import { temporaryFolder } from '../support/relay.js'

const DAY = 86_400_000
const never = new AbortController().signal

let server: S3rver
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let port: number

beforeAll(async () => {
  folder = await temporaryFolder()
  port = await freePort()
  server = new S3rver({
    port,
    address: '127.0.0.1',
    silent: true,
    directory: folder.path,
    configureBuckets: [{ name: 'blobs', configs: [] }],
  })
  await server.run()
})

afterAll(async () => {
  await server.close()
  await folder.remove()
})

/** The store's own clock says when an object was put. */
async function open(bucket = 'blobs', lifeMs = 30 * DAY, by = port) {
  const clock = virtualClock(Date.now())
  const client = {
    endpoint: `http://127.0.0.1:${by}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
  }
  const store: BlobStore = await s3Blobs({ bucket, client })({ lifeMs, now: clock.now })
  return { store, clock }
}

/** Passes requests on, each after `before`. */
async function proxyTo(target: number, before: (method: string) => Promise<void>) {
  const proxy = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming
    void before(method).then(() => {
      const onward = request({ host: '127.0.0.1', port: target, method, path: url, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
      })
      incoming.pipe(onward)
    })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    port: (proxy.address() as AddressInfo).port,
    close: async () => {
      proxy.closeAllConnections()
      proxy.close()
    },
  }
}

describe('blobs in an object store', () => {
  it('come back as they were put', async () => {
    const { store } = await open()
    const [hash, data] = [random(32), random(4096)]
    expect(await store.get(hash)).toBeUndefined()
    expect(await store.has(hash)).toBe(false)
    await store.put(hash, data)
    await store.put(hash, data)
    expect(await store.get(hash)).toEqual(data)
    expect(await store.has(hash)).toBe(true)
    const other = await open()
    expect(await other.store.get(hash)).toEqual(data)
    await store.close()
    await other.store.close()
  })

  it('are removed when their life is over, and not before', async () => {
    const { store, clock } = await open()
    const hashes = Array.from({ length: 20 }, () => random(32))
    for (const hash of hashes) await store.put(hash, random(100))
    await clock.advance(29 * DAY)
    await store.sweep(never)
    const before = await store.counts()
    expect(before.blobs).toBeGreaterThanOrEqual(20)
    expect(before.bytes).toBeGreaterThanOrEqual(2000)
    expect(await store.has(hashes[0] as Uint8Array)).toBe(true)
    await clock.advance(2 * DAY)
    expect(await store.get(hashes[0] as Uint8Array)).toBeUndefined()
    // Until the period after the one in which they were put is over.
    await clock.advance(30 * DAY)
    // The second finds what the first could not remove.
    for (let n = 0; n < 2; n++) await store.sweep(never)
    expect(await store.counts()).toEqual({ blobs: 0, bytes: 0 })
    const early = await open()
    expect(await early.store.has(hashes[0] as Uint8Array)).toBe(false)
    await early.store.close()
    await store.close()
  })

  it('hostile 36: stay when they are put while a sweep removes what there was of them', async () => {
    const [hash, data] = [random(32), random(100)]
    const { store } = await open()
    await store.put(hash, data)
    const late = await open()
    await late.clock.advance(61 * DAY)
    let removals = 0
    const proxy = await proxyTo(port, async (method) => {
      if (method !== 'DELETE') return
      removals += 1
      await late.store.put(hash, data)
    })
    const sweeper = await open('blobs', 30 * DAY, proxy.port)
    await sweeper.clock.advance(61 * DAY)
    await sweeper.store.sweep(never)
    await late.store.sweep(never)
    expect(removals).toBe(1)
    expect(await late.store.counts()).toEqual({ blobs: 1, bytes: 100 })
    for (const one of [store, late.store, sweeper.store]) await one.close()
    await proxy.close()
  })

  it('need a bucket that is there', async () => {
    await expect(open('other')).rejects.toMatchObject({ code: 'relay/store-unreachable' })
  })
})
