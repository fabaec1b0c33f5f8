/**
 * Upkeep: the identity record is published and the stock of prekeys and KeyPackages refilled, whenever a carrier
 * can be reached; sessions whose time is over are dropped, and those that are owed begun. Private parts are durable
 * before public parts leave.
 */
import type { BoxKey, Directory, StockUpload } from '@hyphae/core'
import { sealStockItem } from '@hyphae/identity'
import { PREKEY_REFILL_BELOW } from '@hyphae/ratchet'
import { signStockUpload } from '@hyphae/tlv'
import { mailboxOf, type NodeContext, transact } from './context.js'
import { makeKeyPackage } from './credential.js'
import { MessengerError } from './errors.js'
import { turnGroupBoxes } from './group-turns.js'
import { PREKEY_STOCK } from './handshake.js'
import { rotateIntroWhenDue } from './intro.js'
import { KEY_PACKAGE_STOCK, keyPackageHash } from './joiners.js'
import { KEY_PACKAGE_BATCH, KEY_PACKAGE_LOW, STOCK_PART_BYTES, UPKEEP_INTERVAL_MS } from './limits.js'
import { closeOldBoxes } from './old-boxes.js'
import { codeOf } from './outbox.js'
import { beginOwed } from './owed.js'
import { publishRecord } from './own-record.js'
import { drawPause } from './pace.js'
import { backoff } from './retry.js'
import { keyPackagesTable, type SelfRow, selfTable } from './rows.js'
import { renewSpares } from './spares.js'
import { nextNumber } from './table.js'
import { endTurns } from './turns.js'

/** Keeps what others need to reach this node in the directory, until it closes. Never rejects. */
export async function runUpkeep(context: NodeContext, published: () => void): Promise<void> {
  const retry = backoff(context.clock, context.crypto)
  let sweptAt = Number.NEGATIVE_INFINITY
  while (!context.closing.aborted) {
    try {
      const due = Math.abs(context.clock.now() - sweptAt) >= UPKEEP_INTERVAL_MS
      if (due) {
        await dropExpired(context)
        await rotateIntroWhenDue(context)
        await turnGroupBoxes(context)
        await renewSpares(context)
        context.signals.groups.fire()
      }
      await publishEverywhere(context, published)
      await beginOwed(context)
      if (due) {
        // Where boxes are read by their buckets, the reader of those closes them: it knows how far it has read.
        if (context.mode !== 'strict') await closeOldBoxes(context, (box) => isEmpty(context, box))
        sweptAt = context.clock.now()
      }
      retry.reset()
      await restUntilNeeded(context)
    } catch (error) {
      if (context.closing.aborted) return
      context.logger.warn('upkeep: the directory was not brought up to date', { code: codeOf(error) })
      await retry.wait(context.closing).catch(() => {})
    }
  }
}

async function isEmpty(context: NodeContext, box: BoxKey): Promise<boolean> {
  const waiting = await mailboxOf(context).fetch(box, { limit: 1, signal: context.closing })
  return waiting.length === 0
}

/** What still comes to a session whose time is over is not read. */
function dropExpired(context: NodeContext): Promise<void> {
  return transact(context, async (tx) => endTurns(context, tx, await context.sessions.sweep(tx)))
}

/**
 * Until something was used up, or the interval is over. Does not keep a process alive. A strict node asks when it asks:
 * what used something up would show by a request right after it.
 */
async function restUntilNeeded(context: NodeContext): Promise<void> {
  if (context.mode === 'strict') {
    await context.clock.sleep(drawPause(context.crypto, UPKEEP_INTERVAL_MS), context.closing, true)
    return
  }
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

/**
 * Brings every directory up to date, each for itself: one that cannot be reached does not hold up the others.
 * Rejects, after all were tried, when one failed.
 */
async function publishEverywhere(context: NodeContext, published: () => void): Promise<void> {
  if (context.directories.length === 0)
    throw new MessengerError('messenger/no-transport', { details: { needs: 'directory' } })
  const restock = await rotateWhenDue(context)
  const outcomes = await Promise.allSettled(
    context.directories.map((directory) => publishAt(context, directory, restock).then(published)),
  )
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  if (restock !== 'nothing') await changeSelf(context, { restock: 'nothing' })
}

/** What is to be replaced: kept until it was in all directories, also across restarts. */
function rotateWhenDue(context: NodeContext): Promise<SelfRow['restock']> {
  return transact(context, async (tx) => {
    const rotated = await context.sessions.rotatePrekeys(tx)
    const row = await selfTable.get(tx)
    if (row === undefined || row.restock !== 'nothing' || !rotated) return row?.restock ?? 'nothing'
    selfTable.put(tx, { ...row, restock: 'prekeys' })
    return 'prekeys'
  })
}

async function changeSelf(context: NodeContext, change: Partial<SelfRow>): Promise<void> {
  await transact(context, async (tx) => {
    const row = await selfTable.get(tx)
    if (row !== undefined) selfTable.put(tx, { ...row, ...change })
  })
}

/** Prekeys and KeyPackages first, so that whoever finds the record can use it at once. */
async function publishAt(
  context: NodeContext,
  directory: Directory,
  restock: SelfRow['restock'],
): Promise<void> {
  const writer = context.self.device.directory.publicKey
  const signal = { signal: context.closing }
  const prekeys = await directory.remaining(writer, PREKEY_STOCK, signal)
  const replace = restock !== 'nothing'
  if (replace || prekeys < PREKEY_REFILL_BELOW) await stockPrekeys(context, directory, replace)
  const keyPackages = await directory.remaining(writer, KEY_PACKAGE_STOCK, signal)
  const all = restock === 'all'
  if (all || keyPackages < KEY_PACKAGE_LOW) await stockKeyPackages(context, directory, all)
  await publishRecord(context, directory)
  if (!(await selfTable.get(context.store))?.published) await changeSelf(context, { published: true })
}

async function stockPrekeys(context: NodeContext, directory: Directory, replace: boolean): Promise<void> {
  const { bundles: items, lastResort } = await transact(context, (tx) => context.sessions.issuePrekeys(tx))
  await upload(context, directory, { items, lastResort, kind: PREKEY_STOCK, replace })
}

async function stockKeyPackages(context: NodeContext, directory: Directory, replace: boolean): Promise<void> {
  const oneTime = await Promise.all(
    Array.from({ length: KEY_PACKAGE_BATCH }, () => makeKeyPackage(context, false)),
  )
  const lastResort = await makeKeyPackage(context, true)
  await transact(context, async (tx) => {
    for (const row of [...oneTime, lastResort])
      keyPackagesTable.put(tx, row, keyPackageHash(context, row.keyPackage))
  })
  const items = oneTime.map((row) => row.keyPackage)
  const stock = {
    kind: KEY_PACKAGE_STOCK,
    items,
    lastResort: lastResort.keyPackage,
    replace,
  }
  await upload(context, directory, stock)
}

/**
 * Uploads items sealed for those who know the account, so that the carrier learns neither account nor device. In parts:
 * a carrier over two hops takes no more at once.
 */
async function upload(
  context: NodeContext,
  directory: Directory,
  stock: Omit<StockUpload, 'writer' | 'signature' | 'sequence'>,
): Promise<void> {
  const { crypto, self, closing } = context
  const seal = (item: Uint8Array): Uint8Array =>
    sealStockItem(crypto, self.account.signing.publicKey, self.device.directory.publicKey, item)
  const rest = stock.items.map(seal)
  let lastResort = seal(stock.lastResort)
  let { replace } = stock
  do {
    const items = rest.splice(0, partLength(rest))
    const sequence = await transact(context, (tx) => nextNumber(tx, 'stock'))
    const part = { ...stock, items, lastResort, replace, sequence }
    await directory.stock(signStockUpload(crypto, self.device.directory, part), { signal: closing })
    // Kept, and added to, by the parts that follow.
    lastResort = new Uint8Array()
    replace = false
  } while (rest.length > 0)
}

/** How many items go together. */
function partLength(items: readonly Uint8Array[]): number {
  let bytes = 0
  const over = items.findIndex((item) => {
    bytes += item.length
    return bytes > STOCK_PART_BYTES
  })
  return over < 0 ? items.length : Math.max(1, over)
}
