import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  blobsCompliance,
  type DirectoryComplianceOptions,
  directoryCompliance,
  mailboxCompliance,
} from '@hyphae/testkit'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import { describe, it } from 'vitest'
import { startFixture } from './support/relay.js'

async function open() {
  const fixture = await startFixture()
  return { carrier: await fixture.connect(), other: await fixture.connect(), dispose: fixture.dispose }
}

const options: DirectoryComplianceOptions = {
  crypto,
  signRecord: (key, statement) => signDirectoryRecord(crypto, key, statement),
  signStock: (key, statement) => signStockUpload(crypto, key, statement),
}

describe('the carrier over a relay on loopback', () => {
  const cases = [
    ...mailboxCompliance(open, { crypto }),
    ...directoryCompliance(open, options),
    ...blobsCompliance(open, { crypto }),
  ]
  for (const { name, run } of cases) it(name, run)
})
