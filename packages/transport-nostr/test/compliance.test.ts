import { defaultCrypto as crypto } from '@hyphae/crypto'
import { directoryCompliance, mailboxCompliance, topicCompliance } from '@hyphae/testkit'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import { describe, it } from 'vitest'
import { nostr } from '../src/index.node.js'
import { components, startRelay } from './support/relay.js'

async function open() {
  const relays = [await startRelay(), await startRelay()]
  const transport = nostr(relays.map(({ url }) => url))
  const [carrier, other] = [await transport(components), await transport(components)]
  return {
    carrier,
    other,
    dispose: async () => {
      await Promise.all([carrier.close(), other.close()])
      await Promise.all(relays.map(({ stop }) => stop()))
    },
  }
}

describe('the carrier over two relays of another maker', () => {
  // Relays of Nostr ask for no proof: whoever knows a box's id may read what is in it, which is sealed.
  for (const { name, run } of mailboxCompliance(open, { crypto, checksProofs: false })) it(name, run)
})

describe('topics over two relays of another maker', () => {
  for (const { name, run } of topicCompliance(open, { crypto })) it(name, run)
})

describe('a directory over two relays of another maker', () => {
  const cases = directoryCompliance(open, {
    crypto,
    signRecord: (key, record) => signDirectoryRecord(crypto, key, record),
    signStock: (key, upload) => signStockUpload(crypto, key, upload),
  })
  for (const { name, run } of cases) it(name, run)
})
