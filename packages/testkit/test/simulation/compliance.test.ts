// The parts of a simulation keep the rules of the ports they stand for.
import {
  concatBytes,
  type DirectoryRecord,
  isFrameSize,
  type StockUpload,
  silentLogger,
  toHex,
  utf8,
} from '@hyphae/core'
import { defaultCrypto as crypto, type Ed25519PrivateKey } from '@hyphae/crypto'
import {
  blobsCompliance,
  directoryBucketCompliance,
  directoryCompliance,
  type LinkSubject,
  linkCompliance,
  type MailboxSubject,
  mailboxCompliance,
  type NodeLife,
  type RecordStatement,
  type StockStatement,
  simulatedLink,
  simulatedNetwork,
  simulatedRelay,
  simulation,
  sockets,
  storeCompliance,
  type TopicSubject,
  topicCompliance,
} from '@hyphae/testkit'
import { describe, test } from 'vitest'

const number = (value: number): Uint8Array => utf8(`${value};`)

function recordBytes({ address, sequence, body }: RecordStatement): Uint8Array {
  return concatBytes(address, number(sequence), body)
}

function stockBytes({ kind, sequence, items, lastResort, replace }: StockStatement): Uint8Array {
  return concatBytes(number(kind), number(sequence), ...items, lastResort, number(replace ? 1 : 0))
}

function signRecord(key: Ed25519PrivateKey, record: RecordStatement): DirectoryRecord {
  return { ...record, writer: key.publicKey, signature: crypto.ed25519.sign(key, recordBytes(record)) }
}

function signStock(key: Ed25519PrivateKey, upload: StockStatement): StockUpload {
  return { ...upload, writer: key.publicKey, signature: crypto.ed25519.sign(key, stockBytes(upload)) }
}

const checks = {
  proof: crypto.ed25519.verify,
  record: (record: DirectoryRecord) =>
    crypto.ed25519.verify(record.writer, recordBytes(record), record.signature),
  stock: (upload: StockUpload) => crypto.ed25519.verify(upload.writer, stockBytes(upload), upload.signature),
  blob: ({ hash, data }: { hash: Uint8Array; data: Uint8Array }) =>
    toHex(crypto.sha256(data)) === toHex(hash),
}

/** The cases wait in real time, so virtual time runs beside them until they are done. */
async function open(): Promise<MailboxSubject> {
  const sim = simulation({ seed: 1 })
  const network = simulatedNetwork(sim, { conditions: { delayMs: [5, 50], loss: 0.02 } })
  const relay = simulatedRelay(network, 'relay', { checks })
  const lives: NodeLife[] = []
  for (const name of ['alice', 'bob']) sim.node(name, (life) => void lives.push(life)).boot()
  const [alice, bob] = lives as [NodeLife, NodeLife]
  const components = { clock: alice.clock, logger: silentLogger }
  let over = false
  const pump = async (): Promise<void> => {
    while (!over) {
      await sim.run({ forMs: 1000 })
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  const pumping = pump()
  return {
    carrier: await relay.transport(alice)(components),
    other: await relay.transport(bob)(components),
    cut: () => {
      network.partition([['relay']])
      sim.after(3000, 'the network is back', network.heal)
    },
    dispose: async () => {
      over = true
      await pumping
    },
  }
}

/** Two nodes with a link between them, while virtual time runs. */
async function openLinks(loss: number): Promise<{ link: LinkSubject; topic: TopicSubject }> {
  const sim = simulation({ seed: 2 })
  const network = simulatedNetwork(sim, { conditions: { delayMs: [5, 50], loss } })
  const all = sockets(network)
  const lives: NodeLife[] = []
  for (const name of ['alice', 'bob', 'mallory']) sim.node(name, (life) => void lives.push(life)).boot()
  const [alice, bob, mallory] = lives as [NodeLife, NodeLife, NodeLife]
  const components = { clock: alice.clock, logger: silentLogger }
  const stranger = { datagrams: all.datagrams(mallory), topics: all.topics(mallory) }
  let over = false
  const pump = async (): Promise<void> => {
    while (!over) {
      await sim.run({ forMs: 1000 })
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  const pumping = pump()
  // What has the size of a frame is a frame here: such a network does not know who is a stranger.
  const nonsense = (bytes: Uint8Array): Uint8Array => (isFrameSize(bytes.length) ? bytes.subarray(1) : bytes)
  const subject = {
    cut: () => {
      network.partition([['alice'], ['bob']])
      sim.after(3000, 'the network is back', network.heal)
    },
    carrier: await simulatedLink(network, all, alice)(components),
    other: await simulatedLink(network, all, bob)(components),
    carrierName: 'alice',
    otherName: 'bob',
    stranger: 'carol',
    dispose: async () => {
      over = true
      await pumping
    },
  }
  return {
    link: { ...subject, garble: async (bytes) => void stranger.datagrams.send('bob', nonsense(bytes)) },
    topic: {
      ...subject,
      garble: async (topic, bytes) => void stranger.topics.publish(topic, nonsense(bytes)),
    },
  }
}

describe('a simulated link that loses', () => {
  for (const { name, run } of linkCompliance(async () => (await openLinks(0.02)).link, { crypto }))
    test(name, run)
})

describe('simulated topics', () => {
  for (const { name, run } of topicCompliance(async () => (await openLinks(0.02)).topic, { crypto }))
    test(name, run)
})

const nothing = (): void => {}

describe('a simulated relay', () => {
  const cases = [
    ...mailboxCompliance(open, { crypto }),
    ...directoryCompliance(open, { crypto, signRecord, signStock }),
    ...directoryBucketCompliance(open, { crypto, signRecord, signStock }),
    ...blobsCompliance(open, { crypto }),
  ]
  for (const { name, run } of cases) test(name, run)
})

describe('a simulated disk', () => {
  const cases = storeCompliance(async () => {
    const node = simulation({ seed: 1 }).node('alice', nothing)
    node.boot()
    const reopen = async () => {
      node.crash()
      node.boot()
      return (node.life as NodeLife).disk
    }
    return { store: (node.life as NodeLife).disk, reopen, dispose: nothing }
  })
  for (const { name, run } of cases) test(name, run)
})
