// Links over WebRTC data channels between real peer connections of a browser: sealed, held up, closed.
import { silentLogger, systemClock, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { dataChannelBytes, type LinkCarrier, link } from '@hyphae/transport-link'
import { afterEach, expect, test } from 'vitest'

interface Side {
  readonly id: string
  readonly carrier: LinkCarrier
  readonly connection: RTCPeerConnection
  readonly channel: RTCDataChannel
}

const endings: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(endings.splice(0).map((end) => end()))
})

/** Offer, answer and candidates go from hand to hand, as messages between the devices would carry them. */
async function connect(
  options: RTCDataChannelInit = {},
): Promise<[RTCPeerConnection, RTCPeerConnection, [RTCDataChannel, RTCDataChannel]]> {
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()]
  endings.push(
    () => a.close(),
    () => b.close(),
  )
  a.onicecandidate = ({ candidate }) => void b.addIceCandidate(candidate ?? undefined)
  b.onicecandidate = ({ candidate }) => void a.addIceCandidate(candidate ?? undefined)
  const channel = { negotiated: true, id: 7, ...options }
  const channels: [RTCDataChannel, RTCDataChannel] = [
    a.createDataChannel('hyphae', channel),
    b.createDataChannel('hyphae', channel),
  ]
  await a.setLocalDescription()
  await b.setRemoteDescription(a.localDescription as RTCSessionDescription)
  await b.setLocalDescription()
  await a.setRemoteDescription(b.localDescription as RTCSessionDescription)
  return [a, b, channels]
}

async function side(connection: RTCPeerConnection, channel: RTCDataChannel): Promise<Side> {
  const identity = crypto.ed25519.generate()
  const carrier = await link({ identity })({ clock: systemClock, logger: silentLogger })
  endings.push(() => carrier.close())
  return { id: toHex(identity.publicKey), carrier, connection, channel }
}

/** Attached while the connection is still being made. */
async function linked(): Promise<[Side, Side]> {
  const [a, b, channels] = await connect()
  const [ada, ben] = [await side(a, channels[0]), await side(b, channels[1])]
  const peers = await Promise.all([
    ada.carrier.attach('initiator', dataChannelBytes(ada.channel)),
    ben.carrier.attach('responder', dataChannelBytes(ben.channel)),
  ])
  expect(peers).toEqual([ben.id, ada.id])
  return [ada, ben]
}

async function read(carrier: LinkCarrier, count: number): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  for await (const { frame } of carrier.link.frames()) if (frames.push(frame) === count) break
  return frames
}

test('frames of every size go both ways, sealed: the channel carries none of their bytes', async () => {
  const [ada, ben] = await linked()
  const wire: Uint8Array[] = []
  const take = ben.channel.onmessage as (event: MessageEvent) => void
  ben.channel.onmessage = (event) => {
    wire.push(new Uint8Array(event.data as ArrayBuffer))
    take(event)
  }
  const frames = [128, 512, 2048, 4096].map((size) => new Uint8Array(size).fill(0x61))
  for (const frame of frames) await ada.carrier.link.send(ben.id, frame)
  expect(await read(ben.carrier, frames.length)).toEqual(frames)
  expect(wire.length).toBeGreaterThan(0)
  // Four equal bytes in a row come by chance in one of six hundred thousand places.
  for (const bytes of wire) expect(toHex(bytes)).not.toContain('61'.repeat(8))
  const back = crypto.randomBytes(4096)
  await ben.carrier.link.send(ada.id, back)
  expect(await read(ada.carrier, 1)).toEqual([back])
})

test('senders wait while the channel is full, and nothing is lost or overtaken', async () => {
  const [ada, ben] = await linked()
  const frames = Array.from({ length: 200 }, () => crypto.randomBytes(4096))
  let waited = 0
  const sending = frames.map(async (frame) => {
    const full = ada.channel.bufferedAmount > 262_144
    const sent = ada.carrier.link.send(ben.id, frame)
    if (full) waited += 1
    await sent
  })
  expect(waited).toBeGreaterThan(50)
  expect(await read(ben.carrier, frames.length)).toEqual(frames)
  await Promise.all(sending)
})

test('hostile 41: who never reads loses the connection, and the page keeps its memory', async () => {
  const [ada, ben] = await linked()
  const frame = crypto.randomBytes(4096)
  const flood = async (): Promise<void> => {
    for (let sent = 0; sent < 4_000; sent++) await ada.carrier.link.send(ben.id, frame)
  }
  await expect(flood()).rejects.toMatchObject({ code: expect.stringMatching(/^link\/(broken|unreachable)$/) })
  await expect.poll(() => ben.channel.readyState).toBe('closed')
})

test('the end of one side is the end of the other, by closing the link and by losing the connection', async () => {
  const [ada, ben] = await linked()
  await ada.carrier.close()
  await expect.poll(() => ben.channel.readyState, { timeout: 10_000 }).toBe('closed')
  await expect(ben.carrier.link.send(ada.id, crypto.randomBytes(512))).rejects.toMatchObject({
    code: 'link/unreachable',
  })
  const [cleo, dan] = await linked()
  cleo.connection.close()
  await expect
    .poll(() => dan.carrier.link.send(cleo.id, crypto.randomBytes(512)).catch(({ code }) => code), {
      timeout: 15_000,
    })
    .toBe('link/unreachable')
})

test('a channel that may reorder is refused', async () => {
  const [a, b, channels] = await connect({ ordered: false })
  const [ada] = [await side(a, channels[0]), await side(b, channels[1])]
  await expect(ada.carrier.attach('initiator', dataChannelBytes(ada.channel))).rejects.toMatchObject({
    code: 'link/unreachable',
  })
})
