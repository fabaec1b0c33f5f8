import { equalBytes, silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  blobsCompliance,
  type CarrierSubject,
  directoryCompliance,
  mailboxCompliance,
} from '@hyphae/testkit'
import { memoryNetwork, type NetworkChecks } from '@hyphae/transport'
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

const carriers: Readonly<Record<string, () => Promise<CarrierSubject>>> = { 'memory network': memory }

for (const [name, open] of Object.entries(carriers))
  describe(name, () => {
    const cases = [
      ...mailboxCompliance(open, { crypto }),
      ...directoryCompliance(open, { crypto, signRecord, signStock }),
      ...blobsCompliance(open, { crypto }),
    ]
    for (const { name: rule, run } of cases) test(rule, run)
  })
