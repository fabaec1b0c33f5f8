import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  blobsCompliance,
  type DirectoryComplianceOptions,
  directoryCompliance,
  mailboxCompliance,
} from '@hyphae/testkit'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import { describe, it } from 'vitest'
import { startTwoRelays } from '../support/hops.js'

async function open() {
  const { connect, dispose } = await startTwoRelays()
  return { carrier: await connect(), other: await connect(), dispose }
}

const options: DirectoryComplianceOptions = {
  crypto,
  signRecord: (key, statement) => signDirectoryRecord(crypto, key, statement),
  signStock: (key, statement) => signStockUpload(crypto, key, statement),
}

describe('the carrier over two hops on loopback', () => {
  const cases = [
    ...mailboxCompliance(open, { crypto }),
    ...directoryCompliance(open, options),
    ...blobsCompliance(open, { crypto }),
  ]
  for (const { name, run } of cases) it(name, run)
})
