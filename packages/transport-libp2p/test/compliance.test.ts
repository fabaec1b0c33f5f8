import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  type CarrierSubject,
  directoryCompliance,
  type LinkSubject,
  linkCompliance,
  type TopicSubject,
  topicCompliance,
} from '@hyphae/testkit'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import { describe, it } from 'vitest'
import { startWire } from '../../testkit/test/support/wire.js'
import { FRAMES_PROTOCOL, topicName } from '../src/index.node.js'
import { bareNode } from './support/bare.js'
import { LOOPBACK, startNode } from './support/nodes.js'

/** Two devices with a wire between them that can be cut, and a stranger with a libp2p of its own. */
async function linked(listen: string): Promise<LinkSubject> {
  const other = await startNode({ listen: [listen] })
  const [address] = other.addresses() as [string]
  const port = Number(address.split('/')[4])
  const proxy = await startWire({ host: '127.0.0.1', port })
  const carrier = await startNode({
    listen: [],
    addresses: (device) =>
      device === other.device ? [address.replace(`/tcp/${port}`, `/tcp/${proxy.port}`)] : [],
  })
  const stranger = await bareNode()
  return {
    carrier,
    other,
    carrierName: carrier.device,
    otherName: other.device,
    stranger: 'a'.repeat(64),
    cut: proxy.cut,
    garble: async (bytes) => {
      const stream = await stranger.dialProtocol(address, FRAMES_PROTOCOL)
      if (bytes.length > 0) stream.send(bytes)
      await stream.close().catch(() => {})
    },
    dispose: async () => {
      await Promise.all([carrier.close(), other.close(), stranger.close()])
      await proxy.stop()
    },
  }
}

/** Two nodes of one DHT, with a wire between them that can be cut. */
async function pair(): Promise<CarrierSubject & Pick<TopicSubject, 'garble'>> {
  const carrier = await startNode()
  const [address] = carrier.addresses() as [string]
  const port = Number(address.split('/')[4])
  const wire = await startWire({ host: '127.0.0.1', port })
  const other = await startNode({ bootstrap: [address.replace(`/tcp/${port}`, `/tcp/${wire.port}`)] })
  const stranger = await bareNode()
  return {
    carrier,
    other,
    cut: wire.cut,
    garble: async (topic, bytes) => {
      await stranger.connect(carrier.addresses()[0] as string)
      await stranger.publish(topicName(crypto, topic), bytes)
    },
    dispose: async () => {
      await Promise.all([carrier.close(), other.close(), stranger.close()])
      await wire.stop()
    },
  }
}

describe.each([
  ['TCP', LOOPBACK],
  ['WebSocket', `${LOOPBACK}/ws`],
])('a link over %s', (_name, listen) => {
  for (const { name, run } of linkCompliance(() => linked(listen), { crypto })) it(name, run)
})

describe('a directory in a DHT of two', () => {
  const cases = directoryCompliance(pair, {
    crypto,
    signRecord: (key, record) => signDirectoryRecord(crypto, key, record),
    signStock: (key, upload) => signStockUpload(crypto, key, upload),
  })
  for (const { name, run } of cases) it(name, run)
})

describe('topics over gossip', () => {
  for (const { name, run } of topicCompliance(pair, { crypto })) it(name, run)
})
