import { connect as dial } from 'node:net'
import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  blobsCompliance,
  type DirectoryComplianceOptions,
  directoryBucketCompliance,
  directoryCompliance,
  type MailboxSubject,
  mailboxCompliance,
} from '@hyphae/testkit'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import { type RelayCarrier, relay } from '@hyphae/transport-relay'
import { throughRelay } from '@hyphae/transport-relay/hops'
import { describe, it } from 'vitest'
import { startWire } from '../../../testkit/test/support/wire.js'
import { startTwoRelays } from '../support/hops.js'

/** Often enough for tests. */
const POLL_MS = 20

function sayTo(port: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = dial({ host: '127.0.0.1', port }, () => socket.end(bytes))
    socket
      .resume()
      .on('error', () => {})
      .on('close', () => resolve())
    setTimeout(() => socket.destroy(), 100)
  })
}

/** Two relays, and two carriers to the first through a wire that can be cut. */
async function open(): Promise<MailboxSubject> {
  const { entry, second, key, dispose } = await startTwoRelays()
  const ports = [entry, second].map(({ url }) => Number(new URL(url).port)) as [number, number]
  const wire = await startWire({ host: '127.0.0.1', port: ports[0] })
  const connect = (): Promise<RelayCarrier> => {
    const via = throughRelay(`ws://127.0.0.1:${wire.port}`, { key, pollMs: POLL_MS })
    return relay(second.url, { via })({ clock: systemClock, logger: silentLogger })
  }
  const [carrier, other] = [await connect(), await connect()]
  return {
    carrier,
    other,
    cut: wire.cut,
    garble: async (bytes) => void (await Promise.all(ports.map((port) => sayTo(port, bytes)))),
    dispose: async () => {
      await Promise.all([carrier.close(), other.close()])
      await wire.stop()
      await dispose()
    },
  }
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
    ...directoryBucketCompliance(open, options),
    ...blobsCompliance(open, { crypto }),
  ]
  for (const { name, run } of cases) it(name, run)
})
