import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { boxId, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type RestKey, type RestRequest, signRequest, startRelay } from '@hyphae/relay'
import { decodeReplies, encodeRequests } from '@hyphae/transport-relay/wire'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { connect } from '../support/relay.js'
import { b64, newKey, type RestFixture, startRest } from '../support/rest.js'

let rest: RestFixture
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await rest.dispose()
})

const random = (length: number): Uint8Array => crypto.randomBytes(length)
const deposit = () => ({ box: b64(random(32)), id: b64(random(16)), frame: b64(random(512)) })
const later = (ms: number) => ({ now: () => Date.now() + ms, sleep: systemClock.sleep })

/** Signs by hand, so that each part can be wrong. */
function sign(request: RestRequest, key: RestKey, shift = 0): Record<string, string> {
  return signRequest(request, key, { clock: later(shift), crypto })
}

async function ask(
  request: RestRequest,
  headers: Record<string, string>,
): Promise<{ status: number; code: string | undefined }> {
  const type = request.body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(request.url, {
    method: request.method,
    headers: { ...type, ...headers },
    ...(request.body !== undefined && { body: request.body as string }),
  })
  const text = await response.text()
  return {
    status: response.status,
    code: text.startsWith('{') ? (JSON.parse(text) as { code?: string }).code : undefined,
  }
}

async function raw(lines: readonly string[], body = ''): Promise<string> {
  const socket = connectTcp(rest.server.port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  await once(socket, 'connect')
  let received = ''
  socket.on('data', (data) => {
    received += data.toString('latin1')
  })
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
  await Promise.race([once(socket, 'close'), sleep(700)])
  return received
}

describe('signatures', () => {
  const key = newKey()
  const queue = (): RestRequest => ({ method: 'GET', url: `${rest.base}/messages/queue?limit=5` })
  const ok = { status: 200, code: undefined }

  it('hostile 8: a replayed request is refused, also one with another signature over the same nonce', async () => {
    rest = await startRest()
    const headers = sign(queue(), key)
    expect(await ask(queue(), headers)).toEqual(ok)
    expect(await ask(queue(), headers)).toEqual({ status: 401, code: 'replayed' })
    expect(await ask(queue(), sign(queue(), key))).toEqual(ok)
  })

  it('hostile 48: a clock that is too far away is told so', async () => {
    rest = await startRest()
    for (const shift of [-301_000, 62_000, -10 * 365 * 86_400_000, 10 * 365 * 86_400_000])
      expect(await ask(queue(), sign(queue(), key, shift))).toEqual({ status: 401, code: 'expired' })
    for (const shift of [-290_000, 50_000]) expect(await ask(queue(), sign(queue(), key, shift))).toEqual(ok)
  })

  it('cover what is asked: another method, path, query, host or body is refused', async () => {
    rest = await startRest()
    const good = queue()
    const others: RestRequest[] = [
      { ...good, url: good.url.replace('limit=5', 'limit=6') },
      { ...good, url: good.url.replace('?limit=5', '') },
      { ...good, url: `${rest.base}/keys/stats` },
      { method: 'DELETE', url: `${rest.base}/messages/queue?through=5` },
      { ...good, url: good.url.replace('127.0.0.1', 'localhost') },
    ]
    for (const other of others)
      expect(await ask(other, sign(good, key))).toEqual({ status: 401, code: 'bad-proof' })
    const terms = { method: 'PUT', url: `${rest.base}/messages/terms`, body: '{"accepts":["none"]}' }
    const swapped = { ...terms, body: '{"accepts":["work"]}' }
    expect(await ask(swapped, sign(terms, key))).toEqual({ status: 400, code: 'bad-digest' })
    const { 'content-digest': digest } = sign(swapped, key)
    expect(await ask(swapped, { ...sign(terms, key), 'content-digest': digest as string })).toEqual({
      status: 401,
      code: 'bad-proof',
    })
    const bare: RestRequest = { method: terms.method, url: terms.url }
    expect(await ask(terms, sign(bare, key))).toEqual({ status: 401, code: 'bad-proof' })
    expect(await ask(terms, sign(terms, key))).toMatchObject({ status: 204 })
  })

  it('by another key open another box: nobody reads with a stolen name', async () => {
    rest = await startRest()
    const headers = sign(queue(), newKey())
    const input = headers['signature-input'] as string
    const renamed = input.replace(/keyid="[^"]+"/, `keyid="${b64(key.publicKey)}"`)
    expect(await ask(queue(), { ...headers, 'signature-input': renamed })).toEqual({
      status: 401,
      code: 'bad-proof',
    })
  })

  it.each([
    ['nonce', (input: string) => input.replace(/;nonce="[^"]+"/, '')],
    ['a nonce of chance', (input: string) => input.replace(/nonce="[^"]+"/, 'nonce="1"')],
    ['created', (input: string) => input.replace(/;created=\d+/, '')],
    ['created as a number', (input: string) => input.replace(/created=(\d+)/, 'created="$1"')],
    ['the tag', (input: string) => input.replace(/;tag="[^"]+"/, '')],
    ['the algorithm', (input: string) => input.replace('ed25519', 'hmac-sha256')],
    ['a key', (input: string) => input.replace(/keyid="[^"]+"/, 'keyid="AAAA"')],
    ['known parameters', (input: string) => `${input};x=1`],
    ['the method', (input: string) => input.replace('"@method" ', '')],
    ['one list', (input: string) => `${input}, other=()`],
  ])('without %s are refused before anything is verified', async (_what, change) => {
    rest = await startRest()
    const headers = sign(queue(), key)
    const changed = { ...headers, 'signature-input': change(headers['signature-input'] as string) }
    expect(await ask(queue(), changed)).toEqual({ status: 401, code: 'bad-proof' })
  })

  it('are not needed to be told what is missing', async () => {
    rest = await startRest()
    const response = await fetch(queue().url)
    expect(response.status).toBe(401)
    expect(response.headers.get('accept-signature')).toContain('tag="hyphae-relay"')
    expect(await response.json()).toMatchObject({ code: 'not-signed' })
  })

  it('for a relay of another name are refused, and where names are not known a proxy’s is not believed', async () => {
    rest = await startRest({ names: ['relay.example'] })
    expect(await ask(queue(), sign(queue(), key))).toEqual({ status: 421, code: 'misdirected' })
    const named = { ...queue(), url: queue().url.replace(/127\.0\.0\.1:\d+/, 'relay.example') }
    const headers = Object.entries(sign(named, key)).map(([name, value]) => `${name}: ${value}`)
    const answer = await raw([
      `GET ${new URL(named.url).pathname}?limit=5 HTTP/1.1`,
      'Host: relay.example',
      ...headers,
    ])
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
  })
})

describe('bodies', () => {
  it('hostile 2: one that is too large is refused by its length, or as soon as it is', async () => {
    rest = await startRest()
    const heapBefore = process.memoryUsage().arrayBuffers
    const head = ['POST /api/v1/messages/send HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: application/json']
    const announced = await raw([...head, `Content-Length: ${2 ** 30}`])
    expect(announced).toMatch(/^HTTP\/1.1 413 [\s\S]*"code":"too-large"/)
    expect(process.memoryUsage().arrayBuffers - heapBefore).toBeLessThan(1_000_000)
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const chunked = await raw([...head, 'Transfer-Encoding: chunked'], chunk.repeat(3))
    expect(chunked).toMatch(/^HTTP\/1.1 413 /)
  })

  it('hostile 39: one that never ends is cut at its deadline, and others go on', async () => {
    rest = await startRest({ limits: { handshakeMs: 200, messageMs: 300 } })
    const slow = raw(
      [
        'POST /api/v1/messages/send HTTP/1.1',
        'Host: 127.0.0.1',
        'Content-Type: application/json',
        'Content-Length: 900',
      ],
      '{',
    )
    expect(await rest.ask('POST', '/messages/send', { body: deposit() })).toMatchObject({ status: 204 })
    expect(await slow).toMatch(/^(HTTP\/1.1 4\d\d |$)/)
  })

  it('of many requests at once have one budget', async () => {
    rest = await startRest({ limits: { unfinishedBytes: 20_000 } })
    const head = [
      'POST /api/v1/messages/send HTTP/1.1',
      'Host: 127.0.0.1',
      'Content-Type: application/json',
      'Content-Length: 15000',
    ]
    const first = raw(head, '{')
    await sleep(50)
    expect(await raw(head, '{')).toMatch(/^HTTP\/1.1 429 [\s\S]*retry-after: 1/i)
    await first
  })

  it('hostile 39: slow ones of one address leave room for those of others', async () => {
    // Five of them would leave less than what a deposit takes; one of them is all that one address may hold.
    rest = await startRest({ limits: { unfinishedBytes: 75_500 }, trustedProxies: ['127.0.0.1'] })
    const slow = [
      'POST /api/v1/messages/send HTTP/1.1',
      'Host: 127.0.0.1',
      'Content-Type: application/json',
      'Content-Length: 15000',
      'X-Forwarded-For: 198.51.100.1',
    ]
    const hanging = Array.from({ length: 5 }, () => raw(slow, '{'))
    await sleep(100)
    const from = (address: string) =>
      rest.ask('POST', '/messages/send', { body: deposit(), headers: { 'x-forwarded-for': address } })
    expect(await from('198.51.100.2')).toMatchObject({ status: 204 })
    expect(await from('198.51.100.1')).toMatchObject({ status: 429 })
    const answers = await Promise.all(hanging)
    expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 429 '))).toHaveLength(4)
  })

  it('hostile 40: an encoded one is refused', async () => {
    rest = await startRest()
    for (const headers of [{ 'content-encoding': 'gzip' }, { 'content-encoding': 'identity' }])
      expect(await rest.ask('POST', '/messages/send', { body: deposit(), headers })).toMatchObject({
        status: 415,
      })
    const plain = await fetch(`${rest.base}/messages/send`, {
      method: 'POST',
      body: JSON.stringify(deposit()),
    })
    expect(plain.status).toBe(415)
  })

  it.each([
    ['', 400],
    ['null', 400],
    ['[]', 400],
    ['{"box":', 400],
    ['{} {}', 400],
    ['\ufeff{}', 400],
    ['{"box":NaN}', 400],
  ])('that are not one object are refused: %s', async (body, status) => {
    rest = await startRest()
    const response = await rest.ask('POST', '/messages/send', { body })
    expect([response.status, response.json.code]).toEqual([status, 'malformed'])
  })

  it.each([
    [{ extra: 1 }, 'extra'],
    [{ __proto__x: 1 }, '__proto__x'],
    [{ ttl: 2 }, 'ttl'],
    [{ ttl: '7' }, 'ttl'],
    [{ box: 'A'.repeat(42) }, 'box'],
    [{ box: `${'A'.repeat(42)}B` }, 'box'],
    [{ box: `${'A'.repeat(42)}=` }, 'box'],
    [{ box: `${'+'.repeat(43)}` }, 'box'],
    [{ frame: b64(random(513)) }, 'frame'],
    [{ frame: b64(random(0)) }, 'frame'],
    [{ id: 5 }, 'id'],
    [{ id: undefined }, 'id'],
    [{ ticket: [] }, 'ticket.kind'],
    [{ ticket: { kind: 'gold', bytes: '' } }, 'ticket.kind'],
    [{ ticket: { kind: 'work', bytes: '', more: 1 } }, 'ticket.more'],
    [{ ticket: { kind: 'work', bytes: b64(random(1025)) } }, 'ticket.bytes'],
  ])('with a field that is not as described are refused by its name: %#', async (change, field) => {
    rest = await startRest()
    const { status, json } = await rest.ask('POST', '/messages/send', { body: { ...deposit(), ...change } })
    expect({ status, code: json.code, field: json.field }).toEqual({ status: 400, code: 'malformed', field })
    expect(await rest.server.stats()).toMatchObject({ boxes: 0 })
  })

  it('hostile 6: names of Object.prototype are unknown fields, and change nothing', async () => {
    rest = await startRest()
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const text = JSON.stringify(deposit()).replace('{', `{"${name}":{"polluted":1},`)
      expect(await rest.ask('POST', '/messages/send', { body: text })).toMatchObject({
        status: 400,
        json: { field: name },
      })
      const query = await rest.ask('GET', `/messages/queue?${name}=1`, { key: newKey() })
      expect(query).toMatchObject({ status: 400, json: { field: name } })
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  it('hostile 1: records and uploads that are cut or longer are refused', async () => {
    rest = await startRest()
    for (const bytes of [random(0), random(139), random(400)])
      expect(
        await rest.ask('POST', '/keys/register', { key: newKey(), body: { record: b64(bytes) } }),
      ).toMatchObject({
        status: 400,
        json: { field: 'record' },
      })
  })

  it('of any JSON are answered by what is described, never by a defect', async () => {
    rest = await startRest({ limits: { restBurst: 10_000, restPerSecond: 10_000 } })
    const paths = [
      '/messages/send',
      '/messages/terms',
      '/keys/bundle',
      '/keys/devices',
      '/presence',
      '/messages/read',
    ]
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.object({ maxDepth: 2 }), async (path, value) => {
        const { status, json } = await rest.ask('POST', path, { body: JSON.stringify(value) })
        expect([400, 413]).toContain(status)
        expect(['malformed', 'too-large']).toContain(json.code)
      }),
      { numRuns: 60 },
    )
  })
})

describe('paths and queries', () => {
  it.each([
    '/api/v1/../v1/info',
    '/api/v1/%69nfo',
    '/api/v1//info',
    '/api/v1/info/',
    '/api/v1/info%00',
    '/api/v1/blobs/../info',
    '/api/v1/blobs/%2e%2e',
    '/api/v1\\info',
    '/api/v2/info',
    '/api/',
    '/api/v1/info#x',
    '/api/v1/constructor',
  ])('%s is nowhere', async (path) => {
    rest = await startRest()
    const answer = await raw([`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close'])
    expect(answer).toMatch(/^HTTP\/1.1 404 [\s\S]*"code":"not-found"/)
  })

  it('an absolute target of another host is nowhere', async () => {
    rest = await startRest()
    const answer = await raw([
      'GET http://other.example/api/v1/info HTTP/1.1',
      'Host: 127.0.0.1',
      'Connection: close',
    ])
    expect(answer).toMatch(/^HTTP\/1.1 4\d\d /)
  })

  it.each([
    ['limit=0', 'limit'],
    ['limit=1025', 'limit'],
    ['limit=01', 'limit'],
    ['limit=1e3', 'limit'],
    ['after=-1', 'after'],
    ['after=99999999999999999999', 'after'],
    ['limit=1&limit=2', 'limit'],
    ['wait=31', 'wait'],
    ['unknown=1', 'unknown'],
  ])('?%s is refused by its name', async (query, field) => {
    rest = await startRest()
    const answer = await rest.ask('GET', `/messages/queue?${query}`, { key: newKey() })
    expect(answer).toMatchObject({ status: 400, json: { code: 'malformed', field } })
  })

  it('another method is told which there are', async () => {
    rest = await startRest()
    const answer = await rest.ask('PATCH', '/messages/queue')
    expect([answer.status, answer.json.code, answer.headers.get('allow')]).toEqual([
      405,
      'bad-method',
      'GET, HEAD, DELETE',
    ])
  })
})

describe('slow readers', () => {
  it('hostile 41: answers that nobody reads are cut, and others are served', async () => {
    rest = await startRest({ limits: { slowReaderMs: 300 } })
    const box = newKey()
    const carrier = await connect(rest.server.url)
    const id = boxId(box.publicKey)
    const put = () => ({ box: id, id: random(16), frame: random(4096) })
    await carrier.mailbox.put(Array.from({ length: 128 }, put))
    const socket = connectTcp(rest.server.port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.pause()
    const request: RestRequest = { method: 'GET', url: `${rest.base}/messages/queue?limit=128` }
    const before = process.memoryUsage().rss
    const ask = (): void => {
      const headers = Object.entries(sign(request, box)).map(([name, value]) => `${name}: ${value}`)
      const host = `Host: ${new URL(request.url).host}`
      const lines = ['GET /api/v1/messages/queue?limit=128 HTTP/1.1', host, ...headers]
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    }
    // Nothing is read, so only a failing write tells that the relay has cut the connection.
    const cut = new Promise((resolve) => socket.once('close', resolve))
    for (let i = 0; i < 40; i++) ask()
    while (!socket.destroyed) {
      await sleep(100)
      if (!socket.destroyed) ask()
    }
    await cut
    expect(socket.bytesRead).toBeLessThan(1_000_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
    expect((await rest.ask('GET', '/info')).status).toBe(200)
    await carrier.close()
  })

  it('hostile 41: frames of a channel that nobody reads are left out, not kept', async () => {
    rest = await startRest()
    const channel = random(32)
    const body = JSON.stringify({ channel: b64(channel) })
    const head = ['POST /api/v1/calls/listen HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: application/json']
    const socket = connectTcp(rest.server.port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(`${[...head, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`)
    await once(socket, 'data')
    socket.pause()
    const ws = new WebSocket(rest.server.url)
    await once(ws, 'message')
    const frame = random(4096)
    const batch = Array.from(
      { length: 250 },
      (_, i) => ({ kind: 'announce', request: i + 1, channel, frame }) as const,
    )
    for (let i = 0; i < 16; i++) ws.send(encodeRequests(batch))
    const count = 16 * batch.length
    let answered = 0
    ws.on('message', (data) => {
      answered += decodeReplies(data as Buffer).length
    })
    while (answered < count) await once(ws, 'message')
    let received = ''
    socket.on('data', (data) => {
      received += data.toString('latin1')
    })
    socket.resume()
    await sleep(500)
    const heard = received.split('data: ').length - 1
    expect(heard).toBeGreaterThan(0)
    expect(heard).toBeLessThan(count)
    ws.terminate()
  })
})

describe('rates and closing', () => {
  it('hostile 54: too many requests from one address are refused with the time to wait', async () => {
    rest = await startRest({ limits: { restBurst: 3, restPerSecond: 1 } })
    for (let i = 0; i < 3; i++) expect((await rest.ask('GET', '/info')).status).toBe(200)
    const refused = await rest.ask('GET', '/info')
    expect(refused).toMatchObject({ status: 429, json: { code: 'rate-limited' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(refused.json.retryAfterMs).toBeGreaterThan(0)
    for (const path of ['/openapi.json', '/nowhere', '/..'])
      expect((await rest.ask('GET', path)).status).toBe(429)
  })

  it('hostile 15: what costs a signature check or an item has a rate of its own', async () => {
    rest = await startRest({ limits: { costlyBurst: 4, costlyPerSecond: 1 } })
    const body = { writer: b64(random(32)), kind: 'prekey-bundle' }
    const answers = []
    for (let i = 0; i < 5; i++) answers.push((await rest.ask('POST', '/keys/bundle', { body })).status)
    expect(answers).toContain(429)
    expect((await rest.ask('GET', '/info')).status).toBe(200)
  })

  it('addresses come from a proxy only where it is trusted', async () => {
    const limits = { restBurst: 2, restPerSecond: 1 }
    const three = async (): Promise<number[]> => {
      const statuses: number[] = []
      for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3'])
        statuses.push((await rest.ask('GET', '/info', { headers: { 'x-forwarded-for': address } })).status)
      return statuses
    }
    rest = await startRest({ limits })
    expect(await three()).toEqual([200, 200, 429])
    await rest.dispose()
    rest = await startRest({ limits, trustedProxies: ['127.0.0.0/8'] })
    expect(await three()).toEqual([200, 200, 200])
  })

  it('a closing relay answers what was begun, ends what waits, and lets nobody in', async () => {
    rest = await startRest()
    const stream = await fetch(`${rest.base}/calls/listen`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ channel: b64(random(32)) }),
    })
    const waiting = rest.ask('GET', '/messages/queue?wait=30', { key: newKey() })
    // It has begun when a request that came later is answered.
    await rest.ask('GET', '/info')
    await sleep(100)
    const box = newKey()
    const body = (): object => ({ ...deposit(), box: b64(box.publicKey) })
    const send = (): Promise<number> =>
      rest.ask('POST', '/messages/send', { body: body() }).then(
        ({ status }) => status,
        // Came when the relay was gone.
        () => 0,
      )
    const first = await send()
    const puts = Array.from({ length: 30 }, send)
    await rest.server.close()
    expect((await waiting).json.deliveries).toEqual([])
    expect(await stream.text()).toContain(':')
    const statuses = [first, ...(await Promise.all(puts))]
    for (const status of statuses) expect([0, 204, 503]).toContain(status)
    await expect(fetch(`${rest.base}/info`)).rejects.toThrow()
    const again = await startRelay({ data: rest.folder })
    const { frames } = await again.stats()
    expect(frames[512]).toBeGreaterThanOrEqual(statuses.filter((status) => status === 204).length)
    await again.close()
  })

  it('a full disk is told as 503 with the time to wait, and stores nothing', async () => {
    rest = await startRest({ limits: { storedBytes: 600 } })
    expect((await rest.ask('POST', '/messages/send', { body: deposit() })).status).toBe(204)
    const refused = await rest.ask('POST', '/messages/send', { body: deposit() })
    expect(refused).toMatchObject({ status: 503, json: { code: 'storage-failed' } })
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(await rest.server.stats()).toMatchObject({ boxes: 1 })
  })

  it('REST can be switched off; the WebSocket stays', async () => {
    rest = await startRest({ rest: false })
    expect((await fetch(`${rest.base}/info`)).status).toBe(426)
    const carrier = await connect(rest.server.url)
    expect(await carrier.blobs.has([random(32)])).toEqual([false])
    await carrier.close()
  })
})
