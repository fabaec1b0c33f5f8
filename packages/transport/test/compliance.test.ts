import { equalBytes, silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  blobsCompliance,
  type CarrierSubject,
  directoryBucketCompliance,
  directoryCompliance,
  mailboxCompliance,
  topicCompliance,
} from '@hyphae/testkit'
import { fanOut, memoryNetwork, type NetworkChecks, selector } from '@hyphae/transport'
import { describe, test } from 'vitest'
import { signRecord, signStock, verifyRecord, verifyStock } from './statements.js'

const checks: NetworkChecks = {
  proof: crypto.ed25519.verify,
  record: verifyRecord,
  stock: verifyStock,
  blob: ({ hash, data }) => equalBytes(crypto.sha256(data), hash),
}
const components = { clock: systemClock, logger: silentLogger }

async function memory(): Promise<CarrierSubject> {
  const net = memoryNetwork({ checks })
  const carrier = await net()(components)
  const other = await net()(components)
  return { carrier, other, dispose: () => Promise.all([carrier.close(), other.close()]).then(() => {}) }
}

async function twoNetworks(): Promise<CarrierSubject> {
  const nets = [memoryNetwork({ checks }), memoryNetwork({ checks })]
  const join = async () => fanOut(await Promise.all(nets.map((net) => net()(components))))
  const carrier = await join()
  const other = await join()
  return { carrier, other, dispose: () => Promise.all([carrier.close(), other.close()]).then(() => {}) }
}

async function chosen(): Promise<CarrierSubject> {
  const nets = [memoryNetwork({ checks }), memoryNetwork({ checks })]
  const join = async () => selector(await Promise.all(nets.map((net) => net()(components))))
  const carrier = await join()
  const other = await join()
  return { carrier, other, dispose: () => Promise.all([carrier.close(), other.close()]).then(() => {}) }
}

const carriers: Readonly<Record<string, () => Promise<CarrierSubject>>> = {
  'memory network': memory,
  'fan-out over two memory networks': twoNetworks,
  'a selector over two memory networks': chosen,
}

for (const [name, open] of Object.entries(carriers))
  describe(name, () => {
    const cases = [
      ...mailboxCompliance(open, { crypto }),
      ...directoryCompliance(open, { crypto, signRecord, signStock }),
      ...blobsCompliance(open, { crypto }),
    ]
    for (const { name: rule, run } of cases) test(rule, run)
  })

describe('topics of the memory network', () => {
  for (const { name, run } of topicCompliance(memory, { crypto })) test(name, run)
})

describe('the directory of a memory network, asked by buckets', () => {
  const cases = directoryBucketCompliance(memory, { crypto, signRecord, signStock })
  for (const { name: rule, run } of cases) test(rule, run)
})
