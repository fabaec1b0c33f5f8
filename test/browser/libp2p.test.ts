// The libp2p carrier in a browser: WebSocket to a node on Node, a circuit relay in both directions, records and gossip.
import { fromHex, silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signDirectoryRecord } from '@hyphae/tlv'
import { type Libp2pCarrier, type Libp2pOptions, libp2p } from '@hyphae/transport-libp2p'
import { afterEach, expect, inject, test } from 'vitest'

const open: Libp2pCarrier[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((carrier) => carrier.close()))
})

async function page(options: Partial<Libp2pOptions> = {}): Promise<Libp2pCarrier> {
  const carrier = await libp2p({ identity: crypto.ed25519.generate(), reach: 'local', ...options })({
    clock: systemClock,
    logger: silentLogger,
  })
  open.push(carrier)
  return carrier
}

/** Sends frames and reads them back, in order. */
async function there(carrier: Libp2pCarrier, device: string): Promise<void> {
  const frames = carrier.link.frames()[Symbol.asyncIterator]()
  for (const size of [128, 512, 2048, 4096, 512, 512]) {
    const frame = crypto.randomBytes(size)
    await carrier.link.send(device, frame)
    expect((await frames.next()).value).toEqual({ peer: device, frame })
  }
}

test('a page speaks with a node over WebSocket', async () => {
  const { echo } = inject('libp2p')
  await there(await page({ addresses: () => echo.addresses }), echo.device)
})

test('a page reaches a node that only a relay can reach', async () => {
  const { hidden } = inject('libp2p')
  const carrier = await page({ addresses: () => hidden.addresses })
  await there(carrier, hidden.device)
  expect(carrier.libp2p.getConnections().some(({ limits }) => limits !== undefined)).toBe(true)
})

test('two pages meet through a relay, which neither could reach otherwise', async () => {
  const { relay } = inject('libp2p')
  const ben = await page({ listen: relay.map((address) => `${address}/p2p-circuit`) })
  await expect.poll(() => ben.addresses().length, { timeout: 10_000 }).toBeGreaterThan(0)
  const ada = await page({ addresses: () => ben.addresses() })
  const heard = ben.link.frames()[Symbol.asyncIterator]()
  const [question, answer] = [crypto.randomBytes(512), crypto.randomBytes(512)]
  await ada.link.send(ben.device, question)
  expect((await heard.next()).value).toEqual({ peer: ada.device, frame: question })
  const back = ada.link.frames()[Symbol.asyncIterator]()
  await ben.link.send(ada.device, answer)
  expect((await back.next()).value).toEqual({ peer: ben.device, frame: answer })
})

test('a page publishes a record, another finds it, and neither keeps records of others', async () => {
  const { relay, echo } = inject('libp2p')
  const bootstrap = [...relay, ...echo.addresses]
  const [ada, ben] = [await page({ bootstrap }), await page({ bootstrap })]
  const address = crypto.randomBytes(32)
  const body = crypto.randomBytes(300)
  const record = signDirectoryRecord(crypto, crypto.ed25519.generate(), { address, sequence: 1, body })
  await ada.directory.publish(record)
  expect(await ben.directory.lookup(address)).toEqual([record])
  expect(ada.libp2p.getProtocols().some((protocol) => protocol.startsWith('/hyphae/kad/'))).toBe(false)
})

test('a page and a node hear each other on a topic', async () => {
  const { echo, topic } = inject('libp2p')
  const carrier = await page({ bootstrap: echo.addresses })
  const heard = carrier.topic.subscribe(fromHex(topic))[Symbol.asyncIterator]().next()
  const frame = crypto.randomBytes(512)
  frame[0] = 1
  let over = false
  const repeat = (async () => {
    while (!over) {
      await carrier.topic.publish(fromHex(topic), frame).catch(() => {})
      await systemClock.sleep(200)
    }
  })()
  const { value } = await heard
  over = true
  await repeat
  frame[0] = 0xfe
  expect(value).toEqual(frame)
})
