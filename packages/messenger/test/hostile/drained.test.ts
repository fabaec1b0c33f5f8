/** Hostile case 15: a thousand strangers fetch the prekeys of a node from a real relay. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Directory, isHyphaeError, type StockItem, silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { accountKey, directoryAddress, openIdentityRecord, openStockItem } from '@hyphae/identity'
import {
  decodePrekeyBundle,
  initiateSession,
  PREKEY_BATCH,
  PREKEY_REFILL_BELOW,
  type PrekeyBundle,
  verifyPrekeyBundle,
} from '@hyphae/ratchet'
import { postQuantum } from '@hyphae/ratchet/pq'
import { startRelay } from '@hyphae/relay'
import { relay } from '@hyphae/transport-relay'
import { expect, it, onTestFinished } from 'vitest'
import { PREKEY_STOCK } from '../../src/handshake.js'
import type { Messenger } from '../../src/index.js'
import { nextTexts, openNode } from '../nodes.js'

const FETCHERS = 1000
const CONNECTIONS = 10
/** Items that one connection may take at once here: a tenth of the fetchers, and some for finding the node. */
const BURST = FETCHERS / CONNECTIONS + 20

async function startLimitedRelay(): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'hyphae-drained-'))
  const server = await startRelay({ data, limits: { costlyBurst: BURST, costlyPerSecond: 1 } })
  onTestFinished(async () => {
    await server.close()
    await rm(data, { recursive: true, force: true })
  })
  return server.url
}

async function connect(url: string): Promise<Directory> {
  const carrier = await relay(url)({ clock: systemClock, logger: silentLogger })
  onTestFinished(() => carrier.close())
  if (carrier.directory === undefined) throw new Error('a relay has a directory')
  return carrier.directory
}

interface Target {
  readonly account: Uint8Array
  /** Of the node's device: signs the stock, and the bundles in it. */
  readonly writer: Uint8Array
  readonly signing: Uint8Array
}

/** What anybody who knows the node's id can learn. */
async function find(directory: Directory, node: Messenger): Promise<Target> {
  const account = accountKey(node.id)
  const [record] = await directory.lookup(directoryAddress(crypto, account))
  const opened = record && openIdentityRecord(crypto, account, record)
  const device = opened?.devices[0]
  if (device === undefined || device === null) throw new Error('the node is not published')
  return { account, writer: device.directory, signing: device.signing }
}

/** The bundle in an item; the relay's word for "last resort" must be what is under the signature. */
function bundleIn(target: Target, taken: StockItem | undefined): PrekeyBundle {
  if (taken === undefined) throw new Error('nothing was there, not even a last resort')
  const item = openStockItem(crypto, target.account, target.writer, taken.item)
  if (item === null) throw new Error('not an item of this device')
  const bundle = verifyPrekeyBundle(crypto, decodePrekeyBundle(item), target.signing)
  expect(bundle.oneTimePrekey === null).toBe(taken.lastResort)
  return bundle
}

it('hostile 15, attack: 1,000 fetchers drain the pool: each bundle once, then a flagged last resort; it is refilled', async () => {
  const url = await startLimitedRelay()
  const bob = await openNode(relay(url))
  const alice = await openNode(relay(url))
  const directories = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(url)))
  const [first] = directories as [Directory]
  const bobs = await find(first, bob)
  const stocked = await first.remaining(bobs.writer, PREKEY_STOCK)
  expect(stocked).toBe(PREKEY_BATCH)
  // All at once, over all connections.
  const taken = await Promise.all(
    Array.from({ length: FETCHERS }, (_, i) =>
      (directories[i % CONNECTIONS] as Directory).take(bobs.writer, PREKEY_STOCK),
    ),
  )
  const bundles = taken.map((item) => bundleIn(bobs, item))
  const ids = bundles.flatMap(({ oneTimePrekey }) => oneTimePrekey?.id ?? [])
  expect(ids.length).toBe(stocked)
  expect(new Set(ids).size).toBe(stocked)
  expect(await first.remaining(bobs.writer, PREKEY_STOCK)).toBe(0)
  // Whoever got the last resort knows, and may refuse.
  const keys = { signing: crypto.ed25519.generate(), agreement: crypto.x25519.generate() }
  for (const bundle of [bundles.find((one) => one.oneTimePrekey !== null), bundles.at(-1)]) {
    if (bundle === undefined) throw new Error('no bundle')
    const { usedOneTime } = initiateSession(crypto, { keys, bundle, now: 0, pq: postQuantum })
    expect(usedOneTime).toBe(bundle.oneTimePrekey !== null)
  }
  // One greedy connection is slowed down before it can take the next batch.
  const greedy = await Promise.allSettled(
    Array.from({ length: BURST }, () => first.take(bobs.writer, PREKEY_STOCK)),
  )
  const refusals = greedy.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  expect(refusals.length).toBeGreaterThan(BURST / 2)
  for (const error of refusals) {
    expect(isHyphaeError(error) && [error.retryable, (error.retryAfterMs ?? 0) > 0]).toEqual([true, true])
  }
  // The first message that comes through the last resort makes the node look, and refill.
  await (await alice.conversation(bob.id)).send('hello')
  expect(await nextTexts(bob, 1)).toEqual(['hello'])
  const fresh = await connect(url)
  await expect
    .poll(() => fresh.remaining(bobs.writer, PREKEY_STOCK), { timeout: 15_000 })
    .toBeGreaterThan(PREKEY_REFILL_BELOW)
  const again = bundleIn(bobs, await fresh.take(bobs.writer, PREKEY_STOCK))
  expect(again.oneTimePrekey).not.toBeNull()
  expect(ids).not.toContain(again.oneTimePrekey?.id)
})
