// The carrier for relays in a browser, against a real relay: every rule that carriers keep.
import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { blobsCompliance, type CarrierSubject, directoryCompliance, mailboxCompliance } from '@hyphae/testkit'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import { relay } from '@hyphae/transport-relay'
import { inject, it } from 'vitest'

async function open(): Promise<CarrierSubject> {
  const join = () => relay(inject('relayUrl'))({ clock: systemClock, logger: silentLogger })
  const [carrier, other] = await Promise.all([join(), join()])
  return { carrier, other, dispose: () => Promise.all([carrier.close(), other.close()]).then(() => {}) }
}

const rules = [
  ...mailboxCompliance(open, { crypto }),
  ...directoryCompliance(open, {
    crypto,
    signRecord: (key, statement) => signDirectoryRecord(crypto, key, statement),
    signStock: (key, statement) => signStockUpload(crypto, key, statement),
  }),
  ...blobsCompliance(open, { crypto }),
]

it.each(rules.map(({ name, run }) => [name, run] as const))('%s', async (_rule, run) => {
  await run()
})
