import { connect as dial } from 'node:net'
import { type Clock, systemClock } from '@hyphae/core'
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
import { describe, it } from 'vitest'
import { startWire } from '../../testkit/test/support/wire.js'
import { connect, startFixture } from './support/relay.js'

/** Longer than any mail is kept. */
const AN_AGE_MS = 400 * 86_400_000
/** How soon what has outlived its time is swept up here. */
const SWEEP_MS = 23

/** A relay, and two carriers to it through a wire that can be cut. */
async function openOverWire(): Promise<MailboxSubject> {
  let later = 0
  let sweeps = 0
  const clock: Clock = {
    now: () => systemClock.now() + later,
    sleep: (ms, ...rest) => {
      // A relay sleeps so long after each sweep, and never else.
      if (ms === SWEEP_MS) sweeps += 1
      return systemClock.sleep(ms, ...rest)
    },
  }
  const fixture = await startFixture({ clock, limits: { sweepEveryMs: SWEEP_MS } })
  const port = Number(new URL(fixture.server.url).port)
  const wire = await startWire({ host: '127.0.0.1', port })
  const url = `ws://127.0.0.1:${wire.port}`
  const [carrier, other] = [await connect(url), await connect(url)]
  return {
    carrier,
    other,
    cut: wire.cut,
    garble: (bytes) =>
      new Promise((resolve) => {
        const socket = dial({ host: '127.0.0.1', port }, () => socket.end(bytes))
        socket
          .resume()
          .on('error', () => {})
          .on('close', () => resolve())
        setTimeout(() => socket.destroy(), 100)
      }),
    expire: async () => {
      later += AN_AGE_MS
      // The one that was under way may have looked at the time before.
      for (const until = sweeps + 2; sweeps < until; ) await systemClock.sleep(SWEEP_MS / 2)
    },
    dispose: async () => {
      await Promise.all([carrier.close(), other.close()])
      await wire.stop()
      await fixture.dispose()
    },
  }
}

const options: DirectoryComplianceOptions = {
  crypto,
  signRecord: (key, statement) => signDirectoryRecord(crypto, key, statement),
  signStock: (key, statement) => signStockUpload(crypto, key, statement),
}

describe('the carrier over a relay on loopback', () => {
  const cases = [
    ...mailboxCompliance(openOverWire, { crypto }),
    ...directoryCompliance(openOverWire, options),
    ...directoryBucketCompliance(openOverWire, options),
    ...blobsCompliance(openOverWire, { crypto }),
  ]
  for (const { name, run } of cases) it(name, run)
})
