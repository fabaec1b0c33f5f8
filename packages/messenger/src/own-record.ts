/**
 * This node's own record in the directories (spec/messenger.md section 7): its certificate, its handles, and for those
 * who ask nobody for a prekey bundle by name, one of its own.
 *
 * A strict node asks a directory whether its record is there by publishing it again, the same bytes: that says no more
 * than publishing it did, and puts back what a relay has lost.
 */
import { type Directory, type DirectoryRecord, equalBytes, isHyphaeError } from '@hyphae/core'
import {
  directoryAddress,
  type IdentityRecord,
  newestIdentityRecord,
  openIdentityRecord,
  sealIdentityRecord,
  signIdentityRecord,
} from '@hyphae/identity'
import { decodeDirectoryRecord, encodeDirectoryRecord } from '@hyphae/tlv'
import { type NodeContext, transact } from './context.js'
import { lookupInBucket } from './lookup.js'
import { publishedTable } from './rows.js'
import { nextNumber, skipNumbers } from './table.js'

/** What the record shall say, beside the certificate and the handles. */
interface Wanted {
  readonly bundles: readonly Uint8Array[]
}

/** Publishes the record where the directory does not have this device's latest one. */
export async function publishRecord(context: NodeContext, directory: Directory): Promise<void> {
  const wanted = { bundles: await ownBundles(context) }
  if (context.mode === 'strict') return publishAgain(context, directory, wanted)
  const address = directoryAddress(context.crypto, context.self.account.signing.publicKey)
  const candidates = await directory.lookup(address, { signal: context.closing })
  const own = candidates.find((candidate) => isOwn(context, candidate))
  if (own !== undefined && says(context, own, wanted)) return
  const { record } = await makeRecord(context, candidates, wanted)
  await directory.publish(record, { signal: context.closing })
}

/** Thin links are spared it, and who requires one-time prekeys accepts no session begun with it. */
async function ownBundles({
  sessions,
  store,
  mode,
  requireOneTimePrekeys,
}: NodeContext): Promise<Uint8Array[]> {
  if (mode === 'thin' || requireOneTimePrekeys) return []
  const bundle = await sessions.lastResort(store)
  return bundle === undefined ? [] : [bundle]
}

async function publishAgain(context: NodeContext, directory: Directory, wanted: Wanted): Promise<void> {
  const io = { signal: context.closing }
  const kept = await publishedTable.get(context.store)
  const last = kept && decodeDirectoryRecord(kept)
  if (last !== undefined && says(context, last, wanted)) {
    try {
      return await directory.publish(last, io)
    } catch (error) {
      // Something newer stands there: of a later copy of this store, or made while another directory was asked.
      if (!isHyphaeError(error) || error.retryable || context.closing.aborted) throw error
    }
  }
  const address = directoryAddress(context.crypto, context.self.account.signing.publicKey)
  const there = await lookupInBucket(context, directory, address, io).catch((error) => {
    // A directory that cannot be asked by buckets is not asked: as far as is known nothing is there.
    if (isHyphaeError(error, 'messenger/not-private')) return []
    throw error
  })
  const { record, encoded } = await makeRecord(context, there, wanted)
  await transact(context, async (tx) => publishedTable.put(tx, encoded))
  await directory.publish(record, io)
}

function isOwn({ self }: NodeContext, { writer }: DirectoryRecord): boolean {
  return equalBytes(writer, self.device.directory.publicKey)
}

/** True when it is this account's and says what it shall. */
function says({ crypto, self }: NodeContext, published: DirectoryRecord, { bundles }: Wanted): boolean {
  const record = openIdentityRecord(crypto, self.account.signing.publicKey, published)
  if (record === null) return false
  const isCertified = record.devices.some(({ introBox }) =>
    equalBytes(introBox, self.device.introBox.publicKey),
  )
  return isCertified && record.handles.join() === self.handles.join() && sameBundles(record, bundles)
}

function sameBundles({ bundles: there }: IdentityRecord, bundles: readonly Uint8Array[]): boolean {
  return there.length === bundles.length && bundles.every((one, i) => equalBytes(one, there[i] as Uint8Array))
}

/** A new record, above all that is there. */
async function makeRecord(
  context: NodeContext,
  there: readonly DirectoryRecord[],
  { bundles }: Wanted,
): Promise<{ readonly record: DirectoryRecord; readonly encoded: Uint8Array }> {
  const { crypto, self, clock } = context
  const newest = newestIdentityRecord(crypto, self.account.signing.publicKey, there)
  const sequence = await transact(context, async (tx) => {
    // Another device of this account, or this one before its store was lost, may have counted further.
    await skipNumbers(tx, 'record', newest?.sequence ?? 0)
    return nextNumber(tx, 'record')
  })
  const statement = signIdentityRecord(crypto, self.account, {
    sequence,
    issuedAt: clock.now(),
    devices: [self.certificate],
    relays: [],
    handles: [...self.handles],
    bindings: [],
    bundles,
  })
  const record = sealIdentityRecord(crypto, self.account, self.device.directory, statement)
  return { record, encoded: encodeDirectoryRecord(record) }
}
