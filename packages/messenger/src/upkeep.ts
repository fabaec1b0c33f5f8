/**
 * Upkeep: the identity record is published and the stock of prekeys and KeyPackages refilled, whenever a carrier
 * can be reached. Private parts are durable before public parts leave.
 */
import { type DirectoryRecord, equalBytes } from '@hyphae/core'
import {
  directoryAddress,
  openIdentityRecord,
  sealIdentityRecord,
  sealStockItem,
  signIdentityRecord,
} from '@hyphae/identity'
import {
  decodePrekeyState,
  encodePrekeyState,
  generateOneTimePrekeys,
  lastResortBundle,
  rotateSignedPrekey,
} from '@hyphae/ratchet'
import { signStockUpload } from '@hyphae/tlv'
import { directoryOf, type NodeContext, transact } from './context.js'
import { makeKeyPackage } from './credential.js'
import { MessengerError } from './errors.js'
import { KEY_PACKAGE_STOCK, keyPackageHash } from './groups.js'
import {
  KEY_PACKAGE_BATCH,
  KEY_PACKAGE_LOW,
  PREKEY_BATCH,
  PREKEY_LOW,
  SIGNED_PREKEY_LIFETIME_MS,
  UPKEEP_INTERVAL_MS,
} from './limits.js'
import { codeOf } from './outbox.js'
import { backoff } from './retry.js'
import { keyPackagesTable, prekeysTable, selfTable } from './rows.js'
import { PREKEY_STOCK } from './sessions.js'
import { nextNumber } from './table.js'

/** Keeps what others need to reach this node in the directory, until it closes. Never rejects. */
export async function runUpkeep(context: NodeContext, published: () => void): Promise<void> {
  const retry = backoff(context.clock, context.crypto)
  while (!context.closing.aborted) {
    try {
      await publishOnce(context)
      published()
      retry.reset()
      await restUntilNeeded(context)
    } catch (error) {
      if (context.closing.aborted) return
      context.logger.warn('upkeep: the directory was not brought up to date', { code: codeOf(error) })
      await retry.wait(context.closing).catch(() => {})
    }
  }
}

/** Until something was used up, or the interval is over. Does not keep a process alive. */
async function restUntilNeeded(context: NodeContext): Promise<void> {
  const over = new AbortController()
  const signal = AbortSignal.any([context.closing, over.signal])
  try {
    await Promise.race([
      context.signals.upkeep.wait(signal),
      context.clock.sleep(UPKEEP_INTERVAL_MS, signal, true),
    ])
  } finally {
    over.abort()
  }
}

/** Prekeys and KeyPackages first, so that whoever finds the record can use it at once. */
async function publishOnce(context: NodeContext): Promise<void> {
  const directory = directoryOf(context)
  const writer = context.self.device.directory.publicKey
  const signal = { signal: context.closing }
  const rotated = await rotateWhenDue(context)
  if (rotated || (await directory.remaining(writer, PREKEY_STOCK, signal)) < PREKEY_LOW)
    await stockPrekeys(context, rotated)
  if ((await directory.remaining(writer, KEY_PACKAGE_STOCK, signal)) < KEY_PACKAGE_LOW)
    await stockKeyPackages(context)
  await publishRecord(context)
}

async function rotateWhenDue(context: NodeContext): Promise<boolean> {
  const { crypto, clock, self } = context
  return transact(context, async (tx) => {
    const row = await prekeysTable.get(tx)
    if (row === undefined || clock.now() - row.rotatedAt < SIGNED_PREKEY_LIFETIME_MS) return false
    const state = rotateSignedPrekey(crypto, self.device, decodePrekeyState(crypto, row.state), {
      now: clock.now(),
    })
    prekeysTable.put(tx, { state: encodePrekeyState(crypto, state), rotatedAt: clock.now() })
    return true
  })
}

async function stockPrekeys(context: NodeContext, replace: boolean): Promise<void> {
  const { crypto, self } = context
  const made = await transact(context, async (tx) => {
    const row = await prekeysTable.get(tx)
    if (row === undefined) throw new MessengerError('messenger/bad-row', { details: { table: 'prekeys' } })
    const before = decodePrekeyState(crypto, row.state)
    const { state, bundles } = generateOneTimePrekeys(crypto, self.device, before, PREKEY_BATCH)
    prekeysTable.put(tx, { ...row, state: encodePrekeyState(crypto, state) })
    return {
      bundles,
      lastResort: lastResortBundle(crypto, self.device, state),
      sequence: await nextNumber(tx, 'stock'),
    }
  })
  await upload(context, PREKEY_STOCK, made.sequence, made.bundles, made.lastResort, replace)
}

async function stockKeyPackages(context: NodeContext): Promise<void> {
  const oneTime = await Promise.all(
    Array.from({ length: KEY_PACKAGE_BATCH }, () => makeKeyPackage(context, false)),
  )
  const lastResort = await makeKeyPackage(context, true)
  const sequence = await transact(context, async (tx) => {
    for (const row of [...oneTime, lastResort])
      keyPackagesTable.put(tx, row, keyPackageHash(context, row.keyPackage))
    return nextNumber(tx, 'stock')
  })
  const items = oneTime.map((row) => row.keyPackage)
  await upload(context, KEY_PACKAGE_STOCK, sequence, items, lastResort.keyPackage, false)
}

/** Uploads items sealed for those who know the account, so that the carrier learns neither account nor device. */
async function upload(
  context: NodeContext,
  kind: number,
  sequence: number,
  items: readonly Uint8Array[],
  lastResort: Uint8Array,
  replace: boolean,
): Promise<void> {
  const { crypto, self } = context
  const seal = (item: Uint8Array): Uint8Array =>
    sealStockItem(crypto, self.account.signing.publicKey, self.device.directory.publicKey, item)
  const upload = { kind, sequence, items: items.map(seal), lastResort: seal(lastResort), replace }
  await directoryOf(context).stock(signStockUpload(crypto, self.device.directory, upload), {
    signal: context.closing,
  })
}

/** Publishes the record where the directory does not have this device's latest one. */
async function publishRecord(context: NodeContext): Promise<void> {
  const { crypto, self } = context
  const directory = directoryOf(context)
  const candidates = await directory.lookup(directoryAddress(crypto, self.account.signing.publicKey), {
    signal: context.closing,
  })
  const own = candidates.find((candidate) => equalBytes(candidate.writer, self.device.directory.publicKey))
  const there = own && openIdentityRecord(crypto, self.account.signing.publicKey, own)
  if (there?.handles.join() !== self.handles.join()) {
    const sequence = await transact(context, (tx) => nextNumber(tx, 'record'))
    await directory.publish(makeRecord(context, sequence), { signal: context.closing })
  }
  await transact(context, async (tx) => {
    const row = await selfTable.get(tx)
    if (row !== undefined && !row.published) selfTable.put(tx, { ...row, published: true })
  })
}

function makeRecord(context: NodeContext, sequence: number): DirectoryRecord {
  const { crypto, self, clock } = context
  const record = signIdentityRecord(crypto, self.account, {
    sequence,
    issuedAt: clock.now(),
    devices: [self.certificate],
    relays: [],
    handles: [...self.handles],
    bindings: [],
  })
  return sealIdentityRecord(crypto, self.account, self.device.directory, record)
}
