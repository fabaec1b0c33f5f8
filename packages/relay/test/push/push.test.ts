import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { startRelay } from '@hyphae/relay'
import { sealPushToken } from '@hyphae/transport-relay/push'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { carrierTo } from '../support/paying.js'
import { type PushServer, startPushServer } from '../support/push-service.js'
import { newBox, temporaryFolder } from '../support/relay.js'

const GATEWAY = { contact: 'mailto:operator@relay.example', unsafeLoopback: true }

let service: PushServer
beforeAll(async () => {
  service = await startPushServer()
})
afterAll(() => service.close())

/** A relay for boxes and another that is the gateway, each with a log of its traffic. */
async function scene() {
  const folder = await temporaryFolder()
  const start = (name: string, options: object) =>
    startRelay({ data: join(folder.path, name), trafficLog: join(folder.path, `${name}.log`), ...options })
  const gateway = await start('gateway', { push: { gateway: GATEWAY } })
  const boxes = await start('boxes', { push: { gateways: [gateway.url] } })
  const [owner, sender, shop] = await Promise.all([
    carrierTo(boxes.url),
    carrierTo(boxes.url),
    carrierTo(gateway.url),
  ])
  service.answer(201)
  service.received.length = 0
  const { sealKey, vapidKey } = await shop.push.keys()
  return {
    gateway,
    owner,
    sealKey,
    vapidKey,
    put: (box: ReturnType<typeof newBox>) =>
      sender.mailbox.put([{ box: box.id, id: crypto.randomBytes(16), frame: crypto.randomBytes(512) }]),
    saw: (name: string) => readFile(join(folder.path, `${name}.log`)),
    dispose: async () => {
      await Promise.all([owner.close(), sender.close(), shop.close()])
      await boxes.close()
      await gateway.close()
      await folder.remove()
    },
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 150))

describe('push', () => {
  it('wakes the owner of a box through a gateway, with a constant payload under VAPID', async () => {
    const { owner, put, gateway, sealKey, vapidKey, dispose } = await scene()
    const { subscription, decrypt } = service.subscribe()
    const box = newBox()
    await owner.push.register(box, sealPushToken(crypto, sealKey, subscription), { gateway: gateway.url })
    await put(box)
    await service.arrived(1)
    const [push] = service.received
    if (push === undefined) throw new Error('no push')
    expect(`${service.origin}${push.path}`).toBe(subscription.endpoint)
    expect(push.claims).toMatchObject({ aud: service.origin, sub: GATEWAY.contact })
    expect((push.claims.exp ?? 0) * 1000).toBeLessThan(Date.now() + 24 * 3_600_000 + 60_000)
    expect(new Uint8Array(push.vapidKey)).toEqual(vapidKey)
    expect(push.headers).toMatchObject({
      'content-encoding': 'aes128gcm',
      ttl: '86400',
      urgency: 'high',
      topic: 'hyphae',
    })
    expect(decrypt(push.body)).toEqual(Buffer.alloc(16))
    await dispose()
  })

  it('keeps the box from the gateway and the endpoint from the relay of the box', async () => {
    const { owner, put, gateway, sealKey, saw, dispose } = await scene()
    const { subscription } = service.subscribe()
    const box = newBox()
    await owner.push.register(box, sealPushToken(crypto, sealKey, subscription), { gateway: gateway.url })
    await put(box)
    await service.arrived(1)
    const path = new URL(subscription.endpoint).pathname.slice(6)
    expect((await saw('gateway')).includes(Buffer.from(box.id))).toBe(false)
    for (const secret of [
      Buffer.from(path),
      Buffer.from(subscription.p256dh),
      Buffer.from(subscription.auth),
    ])
      expect((await saw('boxes')).includes(secret)).toBe(false)
    await dispose()
  })

  it('wakes once for much mail, and not who watches or has nothing registered', async () => {
    const { owner, put, gateway, sealKey, dispose } = await scene()
    const box = newBox()
    const token = sealPushToken(crypto, sealKey, service.subscribe().subscription)
    await owner.push.register(box, token, { gateway: gateway.url })
    for (let i = 0; i < 10; i++) await put(box)
    await put(newBox())
    await settle()
    expect(service.received).toHaveLength(1)
    const watched = newBox()
    await owner.push.register(watched, sealPushToken(crypto, sealKey, service.subscribe().subscription), {
      gateway: gateway.url,
    })
    const stop = new AbortController()
    const first = owner.mailbox.watch(watched, { signal: stop.signal })[Symbol.asyncIterator]()
    const next = first.next()
    await settle()
    await put(watched)
    await next
    await settle()
    expect(service.received).toHaveLength(1)
    stop.abort()
    await dispose()
  })

  it('stops after unregistering, and when the push service says that nobody is there', async () => {
    const { owner, put, gateway, sealKey, dispose } = await scene()
    const [one, two] = [newBox(), newBox()]
    const token = () => sealPushToken(crypto, sealKey, service.subscribe().subscription)
    await owner.push.register(one, token(), { gateway: gateway.url })
    await owner.push.unregister(one)
    await put(one)
    await settle()
    expect(service.received).toHaveLength(0)
    service.answer(410)
    await owner.push.register(two, token(), { gateway: gateway.url })
    await put(two)
    await service.arrived(1)
    await settle()
    // Registered anew it would be woken at once: nothing is left that keeps the box quiet but its own pause.
    service.answer(201)
    await put(two)
    await settle()
    expect(service.received).toHaveLength(1)
    await dispose()
  })

  it('keeps registrations and keys over a restart', async () => {
    const folder = await temporaryFolder()
    const options = { data: folder.path, push: { gateway: GATEWAY } }
    const first = await startRelay(options)
    const owner = await carrierTo(first.url)
    service.received.length = 0
    service.answer(201)
    const box = newBox()
    const keys = await owner.push.keys()
    await owner.push.register(box, sealPushToken(crypto, keys.sealKey, service.subscribe().subscription))
    await owner.close()
    await first.close()
    const second = await startRelay(options)
    const carrier = await carrierTo(second.url)
    expect(await carrier.push.keys()).toEqual(keys)
    await carrier.mailbox.put([{ box: box.id, id: crypto.randomBytes(16), frame: crypto.randomBytes(128) }])
    await service.arrived(1)
    await carrier.close()
    await second.close()
    await folder.remove()
  })
})
