import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type LinkSubject, linkCompliance } from '@hyphae/testkit'
import { describe, it } from 'vitest'
import { WebSocket } from 'ws'
import { startWire, type Wire } from '../../testkit/test/support/wire.js'
import { type DataChannelLike, dataChannelBytes, link as portableLink } from '../src/index.js'
import { link } from '../src/index.node.js'
import { kissFrame } from '../src/kiss.js'
import { MAX_KISS_BYTES } from '../src/limits.js'
import { channelPair } from './support/channels.js'
import { ADDRESSES, components } from './support/links.js'
import { plugCable, socatIsThere } from './support/pty.js'
import { seeded } from './support/seeded.js'
import { type Plan, startUdpProxy } from './support/udp-proxy.js'

/** When a modem that was plugged in again has been opened again: it is missed within a second, and tried after another half. */
const REOPENED_MS = 2_000

/** The most bytes of a datagram on loopback. */
const MAX_DATAGRAM = 60_000

function sayToStream(
  target: { path: string } | { host: string; port: number },
  bytes: Uint8Array,
): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(target, () => socket.end(bytes))
    socket
      .resume()
      .on('error', () => {})
      .on('close', () => resolve())
    setTimeout(() => socket.destroy(), 100)
  })
}

function sayInDatagram(port: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.send(bytes.subarray(0, MAX_DATAGRAM), port, '127.0.0.1', () => socket.close(() => resolve()))
  })
}

/** In the words of a WebSocket, and without any. */
async function sayToWebSocket(url: string, port: number, bytes: Uint8Array): Promise<void> {
  await sayToStream({ host: '127.0.0.1', port }, bytes)
  await new Promise<void>((resolve) => {
    const socket = new WebSocket(url)
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    socket.on('open', () => {
      socket.send(bytes)
      socket.send(Buffer.from(bytes).toString('latin1'))
      setTimeout(() => socket.terminate(), 50)
    })
  })
}

interface Line extends Wire {
  /** Where the far device is, through the wire. */
  readonly address: string
  garble(bytes: Uint8Array): Promise<void>
}

async function wireTo(place: string, plan?: Plan): Promise<Line> {
  if (place.startsWith('unix:')) {
    const target = { path: place.slice('unix:'.length) }
    const proxy = await startWire(target)
    return {
      ...proxy,
      address: `tcp://127.0.0.1:${proxy.port}`,
      garble: (bytes) => sayToStream(target, bytes),
    }
  }
  const url = new URL(place)
  const port = Number(url.port)
  const datagrams = place.startsWith('udp:')
  const proxy = datagrams ? await startUdpProxy(port, plan) : await startWire({ host: '127.0.0.1', port })
  url.port = String(proxy.port)
  const garble = (bytes: Uint8Array): Promise<void> => {
    if (place.startsWith('ws:')) return sayToWebSocket(place, port, bytes)
    return datagrams ? sayInDatagram(port, bytes) : sayToStream({ host: '127.0.0.1', port }, bytes)
  }
  return { ...proxy, address: url.href, garble }
}

/** Two devices with a wire between them that can be cut. */
async function open(place: string, plan?: Plan): Promise<LinkSubject> {
  const [near, far] = [crypto.ed25519.generate(), crypto.ed25519.generate()]
  const other = await link({ identity: far, listen: [place] })(components)
  const wire = await wireTo(other.listening[0] as string, plan)
  const otherName = toHex(far.publicKey)
  const addresses = (peer: string): string[] => (peer === otherName ? [wire.address] : [])
  const carrier = await link({ identity: near, addresses })(components)
  return {
    carrier,
    other,
    carrierName: toHex(near.publicKey),
    otherName,
    stranger: 'a'.repeat(64),
    cut: wire.cut,
    garble: wire.garble,
    dispose: async () => {
      await Promise.all([carrier.close(), other.close()])
      await wire.stop()
    },
  }
}

describe.each(ADDRESSES)('a link to %s', (_name, address) => {
  for (const { name, run } of linkCompliance(() => open(address()), { crypto })) it.concurrent(name, run)
})

/** The thousands of frames that fill a sender's buffers would take a slow wire a quarter of a minute. */
const withoutFlood = ({ name }: { readonly name: string }): boolean => !name.includes('holds its sender up')

describe('a link over UDP that loses, doubles and reorders', () => {
  const plan = (): Plan => ({ random: seeded(7), loss: 0.03, doubled: 0.03, delayMs: 3 })
  const cases = linkCompliance(() => open('udp://127.0.0.1:0', plan()), { crypto })
  for (const { name, run } of cases.filter(withoutFlood)) it.concurrent(name, { timeout: 30_000 }, run)
})

describe('a link over a data channel', () => {
  const openChannel = async (): Promise<LinkSubject> => {
    const [near, far] = [crypto.ed25519.generate(), crypto.ed25519.generate()]
    const [carrier, other] = await Promise.all([
      portableLink({ identity: near })(components),
      portableLink({ identity: far })(components),
    ])
    let ends: readonly DataChannelLike[] = []
    const attach = async (): Promise<void> => {
      const [a, b] = channelPair()
      ends = [a, b]
      await Promise.all([
        carrier.attach('initiator', dataChannelBytes(a)),
        other.attach('responder', dataChannelBytes(b)),
      ])
    }
    await attach()
    return {
      carrier,
      other,
      carrierName: toHex(near.publicKey),
      otherName: toHex(far.publicKey),
      stranger: 'a'.repeat(64),
      // Another connection is negotiated by those who have made the first.
      cut: async () => {
        for (const end of ends) end.close()
        await attach()
      },
      garble: async (bytes) => {
        const [strange, own] = channelPair()
        const refused = other.attach('responder', dataChannelBytes(own)).catch(() => {})
        strange.onopen = () => {
          strange.send(Uint8Array.from(bytes).buffer)
          setTimeout(() => strange.close(), 20)
        }
        await refused
      },
      dispose: async () => {
        await Promise.all([carrier.close(), other.close()])
      },
    }
  }
  // A page cannot hold a channel up: who never reads loses the connection (test/browser/data-channel.test.ts, hostile 41).
  const cases = linkCompliance(openChannel, { crypto })
  for (const { name, run } of cases.filter(withoutFlood)) it.concurrent(name, run)
})

describe.skipIf(!socatIsThere)('a link over a serial port (skipped without socat)', () => {
  const openCable = async (): Promise<LinkSubject> => {
    const cable = await plugCable()
    const [near, far] = [crypto.ed25519.generate(), crypto.ed25519.generate()]
    const [carrier, other] = await Promise.all([
      link({ identity: near, addresses: () => [`serial:${cable.ends[0]}`] })(components),
      link({ identity: far, listen: [`serial:${cable.ends[1]}`] })(components),
    ])
    return {
      carrier,
      other,
      carrierName: toHex(near.publicKey),
      otherName: toHex(far.publicKey),
      stranger: 'a'.repeat(64),
      // Plugged in again, and long enough for who listens to have noticed.
      cut: async () => {
        await cable.replug()
        await new Promise((resolve) => setTimeout(resolve, REOPENED_MS))
      },
      // As it comes out of the air, and as a modem that heard it would frame it.
      garble: async (bytes) => {
        await cable.say(bytes)
        await cable.say(kissFrame(bytes.subarray(0, MAX_KISS_BYTES)))
      },
      dispose: async () => {
        await Promise.all([carrier.close(), other.close()])
        await cable.unplug()
      },
    }
  }
  const cases = linkCompliance(openCable, { crypto, patienceMs: 20_000 })
  for (const { name, run } of cases.filter(withoutFlood)) it.concurrent(name, { timeout: 90_000 }, run)
})
