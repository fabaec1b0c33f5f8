import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type LinkSubject, linkCompliance } from '@hyphae/testkit'
import { describe, it } from 'vitest'
import { startWire, type Wire } from '../../testkit/test/support/wire.js'
import { link } from '../src/index.node.js'
import { ADDRESSES, components } from './support/links.js'
import { plugCable, socatIsThere } from './support/pty.js'
import { seeded } from './support/seeded.js'
import { type Plan, startUdpProxy } from './support/udp-proxy.js'

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
  const garble = (bytes: Uint8Array): Promise<void> =>
    datagrams ? sayInDatagram(port, bytes) : sayToStream({ host: '127.0.0.1', port }, bytes)
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
      dispose: async () => {
        await Promise.all([carrier.close(), other.close()])
        await cable.unplug()
      },
    }
  }
  const cases = linkCompliance(openCable, { crypto })
  for (const { name, run } of cases.filter(withoutFlood)) it.concurrent(name, { timeout: 30_000 }, run)
})
