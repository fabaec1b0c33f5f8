import { get } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signRequest } from '@hyphae/relay'
import { encodeDirectoryRecord, encodeStockUpload, signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasOpenssl, makeCertificate } from '../support/certificate.js'
import { newBox, temporaryFolder } from '../support/relay.js'
import { b64, newKey, type RestFixture, startRest, unb64 } from '../support/rest.js'

let rest: RestFixture
beforeAll(async () => {
  rest = await startRest()
})
afterAll(() => rest.dispose())

const random = (length: number): Uint8Array => crypto.randomBytes(length)
const deposit = (box: Uint8Array, size = 512) => ({
  box: b64(box),
  id: b64(random(16)),
  frame: b64(random(size)),
})

describe('messages', () => {
  it('are put by anybody, read and deleted by the holder of the key', async () => {
    const box = newKey()
    const sent = [deposit(box.publicKey, 128), deposit(box.publicKey, 4096)]
    for (const body of sent)
      expect(await rest.ask('POST', '/messages/send', { body })).toMatchObject({ status: 204 })
    expect(await rest.ask('POST', '/messages/send', { body: sent[0] })).toMatchObject({ status: 204 })
    const first = await rest.ask('GET', '/messages/queue?limit=1', { key: box })
    expect(first).toMatchObject({
      status: 200,
      json: { more: true, deliveries: [{ frame: sent[0]?.frame }] },
    })
    const deliveries = first.json.deliveries as { cursor: number }[]
    const after = deliveries[0]?.cursor
    expect((await rest.ask('GET', `/messages/queue?after=${after}`, { key: box })).json).toMatchObject({
      more: false,
      deliveries: [{ frame: sent[1]?.frame }],
    })
    expect(await rest.ask('DELETE', `/messages/queue?through=${after}`, { key: box })).toMatchObject({
      status: 204,
    })
    const left = await rest.ask('GET', '/messages/queue', { key: box })
    expect(left.json.deliveries).toHaveLength(1)
    expect((await rest.ask('GET', '/messages/queue', { key: newKey() })).json.deliveries).toEqual([])
  })

  it('and those of the WebSocket are one', async () => {
    const box = newBox()
    const { mailbox } = await rest.connect()
    const body = deposit(box.id, 2048)
    expect(await rest.ask('POST', '/messages/send', { body: { ...body, ttl: 7 } })).toMatchObject({
      status: 204,
    })
    const [delivery] = await mailbox.fetch(box)
    expect(b64(delivery?.frame as Uint8Array)).toBe(body.frame)
  })

  it('are confirmed with receipts, all or none', async () => {
    const [reader, sender] = [newKey(), newKey()]
    await rest.ask('POST', '/messages/send', { body: deposit(reader.publicKey) })
    const queue = async (key: typeof reader) =>
      (await rest.ask('GET', '/messages/queue', { key })).json.deliveries as { cursor: number }[]
    const cursor = (await queue(reader))[0]?.cursor
    const bad = { ...deposit(sender.publicKey), ticket: { kind: 'capability', bytes: b64(random(92)) } }
    const refused = await rest.ask('POST', '/messages/delivered', {
      key: reader,
      body: { cursor, receipts: [bad] },
    })
    expect(refused).toMatchObject({ status: 403, json: { code: 'bad-ticket' } })
    expect(await queue(reader)).toHaveLength(1)
    const receipts = [deposit(sender.publicKey, 128)]
    expect(
      await rest.ask('POST', '/messages/delivered', { key: reader, body: { cursor, receipts } }),
    ).toMatchObject({ status: 204 })
    expect(await queue(reader)).toHaveLength(0)
    expect(await queue(sender)).toHaveLength(1)
    expect(
      await rest.ask('POST', '/messages/read', { body: { receipts: [deposit(sender.publicKey, 128)] } }),
    ).toMatchObject({ status: 204 })
    expect(await queue(sender)).toHaveLength(2)
  })

  it('are waited for', async () => {
    const box = newKey()
    const waiting = rest.ask('GET', '/messages/queue?wait=20', { key: box })
    await sleep(50)
    await rest.ask('POST', '/messages/send', { body: deposit(box.publicKey) })
    expect((await waiting).json.deliveries).toHaveLength(1)
    expect((await rest.ask('GET', '/messages/queue?wait=1', { key: newKey() })).json.deliveries).toEqual([])
  })

  it('have terms that only the owner sets', async () => {
    const box = newKey()
    expect((await rest.ask('POST', '/messages/terms', { body: { box: b64(box.publicKey) } })).json).toEqual(
      {},
    )
    const body = { accepts: ['work'], workBits: 20, quota: 3 }
    expect(await rest.ask('PUT', '/messages/terms', { body })).toMatchObject({
      status: 401,
      json: { code: 'not-signed' },
    })
    expect(await rest.ask('PUT', '/messages/terms', { key: box, body })).toMatchObject({ status: 204 })
    expect(
      (await rest.ask('POST', '/messages/terms', { body: { box: b64(box.publicKey) } })).json.terms,
    ).toMatchObject(body)
    expect(await rest.ask('POST', '/messages/send', { body: deposit(box.publicKey) })).toMatchObject({
      status: 403,
      json: { code: 'ticket-needed', type: 'urn:hyphae:relay:ticket-needed', status: 403 },
    })
    const impossible = await rest.ask('PUT', '/messages/terms', {
      key: box,
      body: { accepts: ['capability'] },
    })
    expect(impossible).toMatchObject({ status: 422, json: { code: 'bad-terms' } })
  })
})

describe('keys', () => {
  const writerKey = crypto.ed25519.generate()
  const writer = {
    publicKey: writerKey.publicKey,
    sign: (message: Uint8Array) => crypto.ed25519.sign(writerKey, message),
  }
  const address = random(32)
  const record = (sequence: number, body = random(100)) =>
    b64(encodeDirectoryRecord(signDirectoryRecord(crypto, writerKey, { address, sequence, body })))
  const upload = (sequence: number, items: Uint8Array[], replace = false, kind = 1) =>
    b64(
      encodeStockUpload(
        signStockUpload(crypto, writerKey, { kind, sequence, replace, items, lastResort: random(50) }),
      ),
    )
  const stats = async () => (await rest.ask('GET', '/keys/stats', { key: writer })).json

  it('are registered, looked up, taken, added, rotated, deactivated', async () => {
    const first = record(1)
    const body = {
      record: first,
      uploads: [upload(1, [random(60), random(61)]), upload(1, [random(62)], false, 2)],
    }
    expect(await rest.ask('POST', '/keys/register', { key: writer, body })).toMatchObject({ status: 204 })
    expect((await rest.ask('POST', '/keys/devices', { body: { address: b64(address) } })).json).toEqual({
      records: [first],
    })
    expect(await stats()).toEqual({ prekeyBundles: 2, keyPackages: 1 })
    const ask = { writer: b64(writer.publicKey), kind: 'prekey-bundle' }
    const taken = await rest.ask('POST', '/keys/bundle', { body: ask })
    expect(taken.json.found).toBe('one-time')
    expect(unb64(taken.json.item)).toHaveLength(60)
    expect(
      await rest.ask('POST', '/keys/prekeys', { key: writer, body: { upload: upload(2, [random(63)]) } }),
    ).toMatchObject({ status: 204 })
    expect(await stats()).toEqual({ prekeyBundles: 2, keyPackages: 1 })
    const added = { uploads: [upload(3, [random(64)])] }
    expect(await rest.ask('POST', '/keys/rotate', { key: writer, body: added })).toMatchObject({
      status: 400,
      json: { field: 'uploads' },
    })
    expect(
      await rest.ask('POST', '/keys/rotate', {
        key: writer,
        body: { record: record(2), uploads: [upload(3, [random(64)], true)] },
      }),
    ).toMatchObject({ status: 204 })
    expect(await stats()).toEqual({ prekeyBundles: 1, keyPackages: 1 })
    const gone = {
      record: record(3, new Uint8Array(0)),
      uploads: [upload(4, [], true), upload(4, [], true, 2)],
    }
    expect(
      await rest.ask('POST', '/keys/deactivate', { key: writer, body: { ...gone, record: record(3) } }),
    ).toMatchObject({ status: 400 })
    expect(await rest.ask('POST', '/keys/deactivate', { key: writer, body: gone })).toMatchObject({
      status: 204,
    })
    expect(await stats()).toEqual({ prekeyBundles: 0, keyPackages: 0 })
    expect((await rest.ask('POST', '/keys/bundle', { body: ask })).json.found).toBe('last-resort')
  })

  it('of another writer, of the past, or with a broken signature are refused', async () => {
    const stranger = await rest.ask('POST', '/keys/register', { key: newKey(), body: { record: record(9) } })
    expect(stranger).toMatchObject({ status: 403, json: { code: 'not-open' } })
    expect(
      await rest.ask('POST', '/keys/register', { key: writer, body: { record: record(1) } }),
    ).toMatchObject({ status: 409, json: { code: 'stale' } })
    const broken = unb64(record(9))
    broken[100] = (broken[100] as number) ^ 1
    expect(
      await rest.ask('POST', '/keys/register', { key: writer, body: { record: b64(broken) } }),
    ).toMatchObject({
      status: 422,
      json: { code: 'bad-signature' },
    })
    expect(
      (await rest.ask('POST', '/keys/bundle', { body: { writer: b64(random(32)), kind: 'key-package' } }))
        .json,
    ).toEqual({ found: 'none', item: '' })
  })
})

describe('groups', () => {
  it('give a place in the log to one of two rivals, and tell the other what is there', async () => {
    const log = newKey()
    const [a, b] = [b64(random(300)), b64(random(300))]
    const append = (position: number, entry: string) =>
      rest.ask('POST', '/groups/commits', { key: log, body: { position, entry, ttl: 7 } })
    const rivals = await Promise.all([append(0, a), append(0, b)])
    expect(rivals.map(({ status }) => status).sort()).toEqual([201, 409])
    const won = rivals[0]?.status === 201 ? a : b
    const lost = rivals.find(({ status }) => status === 409)
    expect(lost?.json).toMatchObject({ code: 'log-conflict', next: 1, entry: won })
    expect(await append(0, won)).toMatchObject({ status: 201 })
    expect(await append(1, b)).toMatchObject({ status: 201, json: { position: 1 } })
    expect((await rest.ask('GET', '/groups/queue?from=1', { key: log })).json).toEqual({
      from: 1,
      next: 2,
      entries: [b],
    })
    expect((await rest.ask('GET', '/groups/queue', { key: log })).json.entries).toEqual([won, b])
  })
})

describe('presence, typing and calls', () => {
  it.each(['presence', 'typing', 'calls'])(
    '%s: frames reach who listens now, and are not kept',
    async (name) => {
      const channel = b64(random(32))
      const announce = (frame: Uint8Array) =>
        rest.ask('POST', `/${name}`, { body: { channel, frame: b64(frame) } })
      expect(await announce(random(128))).toMatchObject({ status: 204 })
      const stop = new AbortController()
      const response = await fetch(`${rest.base}/${name}/listen`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ channel }),
        signal: stop.signal,
      })
      expect(response.headers.get('content-type')).toBe('text/event-stream')
      const frame = random(512)
      await announce(frame)
      let heard = ''
      const decoder = new TextDecoder()
      for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
        heard += decoder.decode(part)
        if (heard.includes('data:')) break
      }
      expect(heard).toBe(`:\n\ndata: ${b64(frame)}\n\n`)
      stop.abort()
      expect((await rest.server.stats()).frames).toMatchObject({ 128: expect.any(Number) })
    },
  )
})

describe('blobs', () => {
  const data = random(3000)
  const hash = b64(crypto.sha256(data))
  const put = (name: string, body: Uint8Array) =>
    fetch(`${rest.base}/blobs/${name}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: body as Uint8Array<ArrayBuffer>,
    })
  const get = (headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${rest.base}/blobs/${hash}`, { method, headers })
  const bytes = async (response: Response): Promise<Uint8Array> =>
    new Uint8Array(await response.arrayBuffer())

  it('are put and got, whole and in ranges', async () => {
    expect((await get()).status).toBe(404)
    expect((await put(hash, data)).status).toBe(204)
    const whole = await get()
    expect([whole.status, whole.headers.get('etag'), whole.headers.get('content-length')]).toEqual([
      200,
      `"${hash}"`,
      '3000',
    ])
    expect(await bytes(whole)).toEqual(data)
    for (const [range, from, to] of [
      ['bytes=0-0', 0, 1],
      ['bytes=100-', 100, 3000],
      ['bytes=-10', 2990, 3000],
      ['bytes=2999-9999', 2999, 3000],
    ] as const) {
      const part = await get({ range })
      expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes ${from}-${to - 1}/3000`])
      expect(await bytes(part)).toEqual(data.slice(from, to))
    }
    for (const range of ['bytes=3000-', 'bytes=-0']) expect((await get({ range })).status).toBe(416)
    for (const range of ['bytes=5-4', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-'])
      expect((await get({ range })).status).toBe(200)
    const head = await get({}, 'HEAD')
    expect([head.status, head.headers.get('content-length'), (await bytes(head)).length]).toEqual([
      200,
      '3000',
      0,
    ])
    expect((await get({ 'if-none-match': `"x", "${hash}"` })).status).toBe(304)
  })

  it('of another hash or too large are refused', async () => {
    const other = await put(b64(random(32)), data)
    expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([422, 'bad-hash'])
    expect((await put(hash, random(4097))).status).toBe(413)
    expect((await put('short', data)).status).toBe(404)
  })
})

describe('the relay', () => {
  it('says what it offers', async () => {
    const { status, json } = await rest.ask('GET', '/info')
    expect(status).toBe(200)
    expect(json).toMatchObject({
      ttl: [1, 7, 14, 30],
      framesPerBox: 1024,
      tickets: expect.arrayContaining(['none', 'work']),
      price: '',
    })
    expect(unb64(json.store)).toHaveLength(16)
  })
})

describe.skipIf(!hasOpenssl)('over TLS', () => {
  it('a request is signed for the same host name, and readiness is told', async () => {
    const folder = await temporaryFolder()
    const { cert, key } = makeCertificate(folder.path, 'relay')
    const secure = await startRest({ tls: { cert, key } })
    const box = newKey()
    const request = { method: 'GET', url: `${secure.base}/messages/queue` }
    const ask = (url: string, headers: Record<string, string> = {}): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        get(url, { ca: cert, headers }, (response) => {
          response.resume()
          resolve(response.statusCode)
        }).on('error', reject)
      })
    expect(secure.base).toMatch(/^https:/)
    expect(await ask(request.url, signRequest(request, box, { clock: systemClock, crypto }))).toBe(200)
    expect(await ask(request.url)).toBe(401)
    expect(await ask(secure.base.replace('/api/v1', '/ready'))).toBe(200)
    expect(await secure.server.ready()).toBe(true)
    await secure.dispose()
    await folder.remove()
  })
})
