import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { startRelay } from '@hyphae/relay'
import { openCalls } from '@hyphae/transport-relay/hops'
import { MAX_ENDPOINT_BYTES, openPushToken, sealPushToken } from '@hyphae/transport-relay/push'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { MAX_PUSHES, PUSH_BURST, PUSH_ORIGIN_BURST, PUSH_ORIGIN_PER_SECOND } from '../../src/limits.js'
import { endpointRates } from '../../src/push/gateway.js'
import { endpointUrl, post } from '../../src/push/post.js'
import { isPrivateAddress } from '../../src/push/private-address.js'
import { carrierTo } from '../support/paying.js'
import { startPushServer } from '../support/push-service.js'
import { newBox, temporaryFolder } from '../support/relay.js'

const code = (name: string) => expect.objectContaining({ code: `relay-carrier/${name}` })
const CONTACT = 'mailto:operator@relay.example'

function subscriptionTo(endpoint: string) {
  const p256dh = new Uint8Array(65).fill(7)
  p256dh[0] = 4
  return { endpoint, p256dh, auth: new Uint8Array(16) }
}

async function gatewayScene(unsafeLoopback: boolean) {
  const folder = await temporaryFolder()
  const server = await startRelay({
    data: folder.path,
    push: { gateway: { contact: CONTACT, unsafeLoopback } },
  })
  const carrier = await carrierTo(server.url)
  const calls = openCalls(server.url, { clock: systemClock, logger: silentLogger })
  const { sealKey } = await carrier.push.keys()
  return {
    carrier,
    sealKey,
    wake: (bytes: Uint8Array) => calls.call({ kind: 'push-wake', bytes }, 'ok', { repeatable: false }),
    dispose: async () => {
      await Promise.all([carrier.close(), calls.close()])
      await server.close()
      await folder.remove()
    },
  }
}

describe('hostile 45: endpoints inside', () => {
  it.each([
    'https://127.0.0.1/x',
    'https://localhost/x',
    'https://10.1.2.3/x',
    'https://192.168.0.1:8443/x',
    'https://172.31.255.255/',
    'https://169.254.169.254/latest/meta-data/',
    'https://100.64.0.1/',
    'https://0.0.0.0/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:8.8.8.8]/',
    'https://[64:ff9b::a00:1]/',
    'https://[2002:a00:1::]/',
    'https://[fe80::1]/',
    'https://[fc00::1]/',
    'http://push.example/x',
    'ftp://push.example/x',
    'https://user:secret@push.example/x',
    'file:///etc/passwd',
    'push.example',
    '',
  ])('%s is never asked', (endpoint) => {
    expect(endpointUrl(endpoint, { loopback: false })).toBeUndefined()
  })

  it('that are public are asked, loopback only where it is allowed', () => {
    expect(endpointUrl('https://push.example/x', { loopback: false })?.host).toBe('push.example')
    expect(endpointUrl('https://8.8.8.8/x', { loopback: false })?.host).toBe('8.8.8.8')
    expect(endpointUrl('http://127.0.0.1:9/x', { loopback: true })?.port).toBe('9')
    expect(endpointUrl('http://10.0.0.1/x', { loopback: true })).toBeUndefined()
    expect(endpointUrl('https://10.0.0.1/x', { loopback: true })).toBeUndefined()
  })

  it('are refused by a gateway over the wire, without a connection', async () => {
    let asked = 0
    const inside = createServer((_request, response) => {
      asked += 1
      response.end()
    })
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve))
    const { port } = inside.address() as AddressInfo
    const { sealKey, wake, dispose } = await gatewayScene(false)
    for (const host of ['127.0.0.1', 'localhost', '[::1]'])
      for (const scheme of ['http', 'https'])
        await expect(
          wake(sealPushToken(crypto, sealKey, subscriptionTo(`${scheme}://${host}:${port}/x`))),
        ).rejects.toThrow(code('bad-push'))
    expect(asked).toBe(0)
    inside.close()
    await dispose()
  })

  it('are refused by the address that a name resolves to', async () => {
    let connections = 0
    const inside = createServer((_request, response) => response.end())
    inside.on('connection', () => {
      connections += 1
    })
    await new Promise<void>((resolve) => inside.listen(0, '0.0.0.0', resolve))
    const { port } = inside.address() as AddressInfo
    const message = { headers: {}, body: new Uint8Array(0) }
    // Names of this machine: whatever they resolve to is inside.
    for (const name of ['localhost', hostname()])
      await expect(
        post({ url: new URL(`http://${name}:${port}/`), ...message }, { loopback: false }),
      ).rejects.toThrow()
    expect(connections).toBe(0)
    const local = await post({ url: new URL(`http://localhost:${port}/`), ...message }, { loopback: true })
    expect([local.status, connections]).toEqual([200, 1])
    inside.close()
  })

  it('are not followed to by a redirect', async () => {
    let asked = 0
    const inside = createServer((request, response) => {
      asked += 1
      if (request.url === '/push') response.writeHead(307, { location: '/inside' }).end()
      else response.end()
    })
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve))
    const { port } = inside.address() as AddressInfo
    const { sealKey, wake, dispose } = await gatewayScene(true)
    const real = { ...subscriptionOf(await startedService()), endpoint: `http://127.0.0.1:${port}/push` }
    await expect(wake(sealPushToken(crypto, sealKey, real))).rejects.toThrow(code('unreachable'))
    expect(asked).toBe(1)
    inside.close()
    await dispose()
  })

  it('every address of a private network is known as one', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(byte, byte, byte, (b, c, d) => {
        for (const address of [
          `10.${b}.${c}.${d}`,
          `127.${b}.${c}.${d}`,
          `192.168.${c}.${d}`,
          `169.254.${c}.${d}`,
        ])
          for (const form of [address, `::ffff:${address}`]) if (!isPrivateAddress(form)) return false
        return true
      }),
    )
    expect(['1.1.1.1', '9.9.9.9', '2606:4700::1111', '2a00:1450::1'].filter(isPrivateAddress)).toEqual([])
  })
})

let shared: Awaited<ReturnType<typeof startPushServer>> | undefined
async function startedService() {
  shared ??= await startPushServer()
  return shared
}
function subscriptionOf(service: Awaited<ReturnType<typeof startPushServer>>) {
  return service.subscribe().subscription
}

describe('hostile 14: a push token', () => {
  it('changed, sealed to another key, or random is refused', async () => {
    const { sealKey, wake, dispose } = await gatewayScene(true)
    const token = sealPushToken(crypto, sealKey, subscriptionTo('https://push.example/x'))
    for (const at of [0, 31, 32, 500, 1023]) {
      const changed = token.slice()
      changed[at] = (changed[at] as number) ^ 1
      await expect(wake(changed)).rejects.toThrow(code('bad-push'))
    }
    const other = crypto.x25519.generate().publicKey
    await expect(
      wake(sealPushToken(crypto, other, subscriptionTo('https://push.example/x'))),
    ).rejects.toThrow(code('bad-push'))
    await expect(wake(crypto.randomBytes(1024))).rejects.toThrow(code('bad-push'))
    await dispose()
  })

  it('whose point is none is refused', async () => {
    const { sealKey, wake, dispose } = await gatewayScene(true)
    const service = await startedService()
    await expect(wake(sealPushToken(crypto, sealKey, subscriptionTo(`${service.origin}/x`)))).rejects.toThrow(
      code('bad-push'),
    )
    expect(service.received).toHaveLength(0)
    await dispose()
  })

  it('has one length and comes back as it went, whatever the endpoint', () => {
    const key = crypto.x25519.generate()
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: 'binary' }), (endpoint) => {
        const subscription = subscriptionTo(endpoint)
        const [one, two] = [0, 1].map(() => sealPushToken(crypto, key.publicKey, subscription)) as [
          Uint8Array,
          Uint8Array,
        ]
        expect(one).toHaveLength(1024)
        expect(Buffer.compare(one, two)).not.toBe(0)
        expect(openPushToken(crypto, key, one)).toEqual(subscription)
      }),
      { numRuns: 20 },
    )
    const longest = subscriptionTo('x'.repeat(MAX_ENDPOINT_BYTES))
    expect(openPushToken(crypto, key, sealPushToken(crypto, key.publicKey, longest))).toEqual(longest)
    expect(() =>
      sealPushToken(crypto, key.publicKey, subscriptionTo('x'.repeat(MAX_ENDPOINT_BYTES + 1))),
    ).toThrow(code('bad-input'))
  })
})

describe('hostile 38: wakes', () => {
  it('of one endpoint are few, however many ask', async () => {
    const { sealKey, wake, dispose } = await gatewayScene(true)
    const service = await startedService()
    service.answer(201)
    const subscription = subscriptionOf(service)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, () => wake(sealPushToken(crypto, sealKey, subscription))),
    )
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    expect(service.received).toHaveLength(5)
    expect(refused).toHaveLength(25)
    for (const outcome of refused)
      expect((outcome as PromiseRejectedResult).reason).toMatchObject({ code: 'relay-carrier/rate-limited' })
    await dispose()
    await service.close()
  })

  it('to endpoints that never answer hold few sockets, and end', async () => {
    let connections = 0
    const silent = createServer(() => {})
    silent.on('connection', () => {
      connections += 1
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const { sealKey, wake, dispose } = await gatewayScene(true)
    const keys = subscriptionOf(await startedService())
    const outcomes: string[] = []
    const wakes = Array.from({ length: MAX_PUSHES + 20 }, (_, n) =>
      wake(sealPushToken(crypto, sealKey, { ...keys, endpoint: `http://127.0.0.1:${port}/${n}` })).catch(
        (error: { code: string }) => outcomes.push(error.code),
      ),
    )
    await vi.waitFor(() => expect([connections, outcomes.length]).toEqual([MAX_PUSHES, 20]), 8_000)
    expect(new Set(outcomes)).toEqual(new Set(['relay-carrier/rate-limited']))
    silent.closeAllConnections()
    await Promise.all(wakes)
    expect(connections).toBe(MAX_PUSHES)
    silent.close()
    await dispose()
  })

  it('are registered by the owner of a box alone, at gateways that the operator lists', async () => {
    const { carrier, sealKey, dispose } = await gatewayScene(false)
    const box = newBox()
    const token = sealPushToken(crypto, sealKey, subscriptionTo('https://push.example/x'))
    const stranger = { id: box.id, sign: newBox().sign }
    await expect(carrier.push.register(stranger, token)).rejects.toThrow(code('bad-proof'))
    await expect(carrier.push.unregister(stranger)).rejects.toThrow(code('bad-proof'))
    await expect(carrier.push.register(box, token, { gateway: 'wss://other.example' })).rejects.toThrow(
      code('not-a-peer'),
    )
    await expect(carrier.push.register(box, token.slice(1))).rejects.toThrow(code('bad-input'))
    await carrier.push.register(box, token)
    await dispose()
  })

  it('need a contact that push services can use', async () => {
    const folder = await temporaryFolder()
    for (const contact of ['', 'operator', 'http://relay.example'])
      await expect(startRelay({ data: folder.path, push: { gateway: { contact } } })).rejects.toMatchObject({
        code: 'relay/bad-setting',
      })
    await folder.remove()
  })
})

describe('hostile 39: rates of pushes', () => {
  it('are those of a phone and those of a host: endless endpoints of one host are one host', () => {
    let now = 0
    const rate = endpointRates({ now: () => now, sleep: async () => {} })
    const phone = new URL('https://push.example/phone')
    for (let i = 0; i < PUSH_BURST; i++) expect(rate(phone)).toBe(0)
    expect(rate(phone)).toBeGreaterThan(0)
    let taken = PUSH_BURST
    while (rate(new URL(`https://push.example/${taken}`)) === 0) taken += 1
    expect(taken).toBe(PUSH_ORIGIN_BURST)
    expect(rate(new URL('https://other.example/1'))).toBe(0)
    now += 1_000
    let more = 0
    while (rate(new URL(`https://push.example/later/${more}`)) === 0) more += 1
    expect(more).toBe(PUSH_ORIGIN_PER_SECOND)
  })
})
