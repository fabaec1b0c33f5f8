// Ours beside a bare js-libp2p node: pings, records of the DHT, gossip and streams, each both ways.
//
//   npm run interop -- libp2p     exits 0 when both understand each other
//
// The bare node reads and writes the bytes that spec/libp2p.md fixes, with code of its own: it checks a record's signature
// with node:crypto, and speaks the hello of a frame stream by hand.
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import process from 'node:process'
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2p } from 'libp2p'
import { silentLogger, systemClock } from '../../packages/core/dist/index.js'
import { defaultCrypto as crypto } from '../../packages/crypto/dist/index.node.js'
import { signDirectoryRecord } from '../../packages/tlv/dist/index.js'
import {
  libp2p,
  openPublishing,
  sealPublishing,
  topicName,
} from '../../packages/transport-libp2p/dist/index.node.js'
import { bareNode, type Services } from './libp2p/bare.js'

const PATIENCE_MS = 20_000
const PREFIX = Buffer.from('/hyphae/')
const RECORD_LABEL = Buffer.from('hyphae directory record v1\0')
const DEVICE_LABEL = Buffer.from('hyphae libp2p device 1\0')

let checked = 0
function agree(what: string, holds: boolean): void {
  if (!holds) throw new Error(`they do not agree: ${what}`)
  checked += 1
  process.stdout.write(`  ${what}\n`)
}

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing came in ${PATIENCE_MS} ms`)), PATIENCE_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Tries until it works: nodes learn of each other a little after they are connected. */
async function until<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const value = await attempt().catch(() => undefined)
    if (value !== undefined) return value
    if (Date.now() > end) throw new Error(`${what}: not in ${PATIENCE_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const publicKey = (raw: Uint8Array): KeyObject =>
  createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') },
    format: 'jwk',
  })

/** A value of one record, read as spec/libp2p.md and spec/directory.md say. */
function readOneRecord(key: Uint8Array, value: Uint8Array): { sequence: bigint; body: string } {
  const bytes = Buffer.from(value)
  if (bytes[0] !== 1 || bytes[1] !== 1 || bytes.readUInt16LE(2) !== bytes.length - 4)
    throw new Error('another value')
  const record = bytes.subarray(4)
  const [signed, signature] = [record.subarray(0, -64), record.subarray(-64)]
  const writer = publicKey(record.subarray(33, 65))
  if (!Buffer.from(key).subarray(PREFIX.length).equals(record.subarray(1, 33)))
    throw new Error('another address')
  if (!verify(null, Buffer.concat([RECORD_LABEL, signed]), writer, signature)) throw new Error('not signed')
  return { sequence: record.readBigUInt64LE(65), body: record.subarray(75, -64).toString() }
}

/** A value with one record by a writer of node:crypto. */
function makeValue(address: Uint8Array, body: string): Uint8Array {
  const { privateKey, publicKey: own } = generateKeyPairSync('ed25519')
  const writer = Buffer.from(own.export({ format: 'jwk' }).x as string, 'base64url')
  const head = Buffer.alloc(10)
  head.writeBigUInt64LE(3n)
  head.writeUInt16LE(body.length, 8)
  const signed = Buffer.concat([Buffer.of(1), address, writer, head, Buffer.from(body)])
  const record = Buffer.concat([signed, sign(null, Buffer.concat([RECORD_LABEL, signed]), privateKey)])
  const length = Buffer.alloc(2)
  length.writeUInt16LE(record.length)
  return new Uint8Array(Buffer.concat([Buffer.of(1, 1), length, record]))
}

type Bare = Libp2p<Services>
type Ours = Awaited<ReturnType<ReturnType<typeof libp2p>>>

/** How many nodes of the DHT a node knows. */
function tableSize(node: Libp2p): number {
  const { dht } = (node as Libp2p<Services>).services
  return (dht as { routingTable?: { size: number } }).routingTable?.size ?? 0
}

async function pings(ours: Ours, bare: Bare): Promise<void> {
  const there = await within('a ping', bare.services.ping.ping(multiaddr(ours.addresses()[0] as string)))
  agree('the bare node pings ours', there >= 0)
  const { ping } = (ours.libp2p as Libp2p<Pick<Services, 'ping'>>).services
  agree('ours pings the bare node', (await within('a ping', ping.ping(bare.peerId))) >= 0)
}

async function records(ours: Ours, bare: Bare): Promise<void> {
  const address = crypto.randomBytes(32)
  const key = Buffer.concat([PREFIX, address])
  const body = new TextEncoder().encode('from ours')
  const record = signDirectoryRecord(crypto, crypto.ed25519.generate(), { address, sequence: 7, body })
  await until('publishing', () => ours.directory.publish(record).then(() => true))
  const value = await until('a record', async () => {
    for await (const event of bare.services.dht.get(key)) if (event.name === 'VALUE') return event.value
    return undefined
  })
  const read = readOneRecord(key, value)
  agree(
    'the bare node finds and verifies a record of ours',
    read.sequence === 7n && read.body === 'from ours',
  )
  const other = crypto.randomBytes(32)
  for await (const _ of bare.services.dht.put(
    Buffer.concat([PREFIX, other]),
    makeValue(other, 'from theirs'),
  ));
  const found = await until('a record', async () => (await ours.directory.lookup(other))[0])
  agree(
    'ours finds and verifies a record of the bare node',
    Buffer.from(found.body).toString() === 'from theirs',
  )
  const forged = makeValue(other, 'forged')
  forged[100] = (forged[100] as number) ^ 1
  try {
    for await (const _ of bare.services.dht.put(Buffer.concat([PREFIX, other]), forged));
  } catch {
    // Refusing is one way of not taking it.
  }
  const after = await until('a record', async () => (await ours.directory.lookup(other))[0])
  agree('ours takes no forged record from it', Buffer.from(after.body).toString() === 'from theirs')
}

async function gossip(ours: Ours, bare: Bare): Promise<void> {
  const topic = crypto.randomBytes(32)
  const name = topicName(crypto, topic)
  const [mine, theirs] = [crypto.randomBytes(512), crypto.randomBytes(2048)]
  const heard = ours.topic.subscribe(topic)[Symbol.asyncIterator]().next()
  let over = false
  const repeat = async (publish: () => Promise<unknown>): Promise<void> => {
    while (!over) {
      await publish().catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  const atBare = new Promise<Uint8Array>((resolve) => {
    bare.services.gossip.addEventListener('gossipsub:message', ({ detail: { msg } }) => {
      const frame = msg.topic === name ? openPublishing(crypto, topic, msg.data) : null
      if (frame !== null) resolve(frame)
    })
  })
  bare.services.gossip.subscribe(name)
  const loops = [
    repeat(() => bare.services.gossip.publish(name, sealPublishing(crypto, topic, theirs))),
    repeat(() => ours.topic.publish(topic, mine)),
  ]
  const { value } = await within('gossip to ours', heard)
  agree('ours hears what the bare node publishes', Buffer.compare(value as Uint8Array, theirs) === 0)
  agree('the bare node hears what ours publishes', Buffer.compare(await within('gossip', atBare), mine) === 0)
  over = true
  await Promise.all(loops)
}

/** The bytes of a stream, a number of them at a time. */
function reader(stream: Stream): (count: number) => Promise<Buffer> {
  let held = Buffer.alloc(0)
  let wake = (): void => {}
  stream.addEventListener('message', ({ data }) => {
    held = Buffer.concat([held, data.subarray()])
    wake()
  })
  return async (count) => {
    while (held.length < count) await new Promise<void>((resolve) => (wake = resolve))
    const taken = held.subarray(0, count)
    held = held.subarray(count)
    return taken
  }
}

async function streams(ours: Ours, bare: Bare): Promise<void> {
  const { privateKey, publicKey: own } = generateKeyPairSync('ed25519')
  const device = Buffer.from(own.export({ format: 'jwk' }).x as string, 'base64url')
  const signature = sign(null, Buffer.concat([DEVICE_LABEL, bare.peerId.toMultihash().bytes]), privateKey)
  const hello = Buffer.concat([Buffer.of(1, 100, 0), device, signature, Buffer.alloc(4)])
  const stream = await bare.dialProtocol(multiaddr(ours.addresses()[0] as string), '/hyphae/frames/1.0.0')
  const read = reader(stream)
  stream.send(hello)
  const welcome = await within('a welcome', read(103))
  const theirKey = publicKey(welcome.subarray(3, 35))
  const statement = Buffer.concat([DEVICE_LABEL, ours.libp2p.peerId.toMultihash().bytes])
  agree(
    'ours welcomes a hello made by hand, and proves its device',
    verify(null, statement, theirKey, welcome.subarray(35, 99)),
  )
  const arrived = ours.link.frames()[Symbol.asyncIterator]().next()
  const frame = crypto.randomBytes(512)
  stream.send(Buffer.concat([Buffer.of(4, 0, 2), frame]))
  const { value } = await within('a frame', arrived)
  agree(
    'ours takes a frame',
    value?.peer === device.toString('hex') && Buffer.compare(value.frame, frame) === 0,
  )
  await ours.link.send(device.toString('hex'), frame)
  const back = await within('an answer', read(515))
  agree(
    'the bare node takes a frame',
    back.subarray(0, 3).equals(Buffer.of(4, 0, 2)) && back.subarray(3).equals(frame),
  )
}

const bare = await bareNode((key, value) => void readOneRecord(key, value))
const ours = await libp2p({
  identity: crypto.ed25519.generate(),
  listen: ['/ip4/127.0.0.1/tcp/0'],
  reach: 'local',
  bootstrap: bare.getMultiaddrs().map(String),
})({ clock: systemClock, logger: silentLogger })
try {
  // Both greet each other with pings of their own, and libp2p sends one at a time.
  await until('meeting', async () => (tableSize(ours.libp2p) > 0 && tableSize(bare) > 0) || undefined)
  await pings(ours, bare)
  await records(ours, bare)
  await gossip(ours, bare)
  await streams(ours, bare)
  process.stdout.write(`js-libp2p and ours agree: ${checked} checks\n`)
} finally {
  await Promise.all([ours.close(), bare.stop()])
}
