/**
 * Looking records up (spec/messenger.md section 7). A strict node asks for no address: it asks for the bucket that the
 * address lies in, reads it to its end and takes out what it came for (spec/privacy.md section 7). Knows of no accounts.
 */
import {
  type Directory,
  type DirectoryBuckets,
  type DirectoryRecord,
  type IoOptions,
  isHyphaeError,
} from '@hyphae/core'
import { prefixOf } from './boxes.js'
import { directoryOf, type NodeContext } from './context.js'
import { MessengerError } from './errors.js'
import { HOME_BITS, LOOKUP_BITS, MAX_LOOKUP_PARTS } from './limits.js'
import { codeOf } from './outbox.js'

/** What the carriers have at an address, unverified. */
export async function lookupAddress(
  context: NodeContext,
  address: Uint8Array,
  options?: IoOptions,
): Promise<DirectoryRecord[]> {
  if (context.mode !== 'strict') return directoryOf(context).lookup(address, options)
  if (context.directories.length === 0)
    throw new MessengerError('messenger/no-transport', { details: { needs: 'directory' } })
  const answers = await Promise.allSettled(
    context.directories.map((directory) => lookupInBucket(context, directory, address, options)),
  )
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  for (const answer of answers)
    if (answer.status === 'rejected') {
      if (found.length === 0) throw answer.reason
      context.logger.warn('lookup: a directory could not be read', { code: codeOf(answer.reason) })
    }
  return found.flat()
}

/**
 * What one directory has at an address, found in its bucket.
 * @throws MessengerError `messenger/not-private` when the directory cannot be asked so: it is not asked otherwise
 */
export async function lookupInBucket(
  context: NodeContext,
  { buckets }: Directory,
  address: Uint8Array,
  options?: IoOptions,
): Promise<DirectoryRecord[]> {
  const offered = await buckets?.bits(options)
  if (buckets === undefined || offered === undefined)
    throw new MessengerError('messenger/not-private', { details: { needs: 'directory buckets' } })
  // Whatever a directory claims, it cannot make the crowd smaller than one of 32.
  const bits = Math.max(0, Math.min(HOME_BITS, offered - LOOKUP_BITS))
  try {
    return await readCrowd(context, buckets, { bits, address }, options)
  } catch (error) {
    // Another process of the relay does not know the places of the one before: once more, from the beginning.
    if (!isHyphaeError(error) || !error.retryable || options?.signal?.aborted) throw error
    return readCrowd(context, buckets, { bits, address }, options)
  }
}

/** Reads on when the record was found: where one stops would tell whose it was. */
async function readCrowd(
  context: NodeContext,
  buckets: DirectoryBuckets,
  { bits, address }: { readonly bits: number; readonly address: Uint8Array },
  options?: IoOptions,
): Promise<DirectoryRecord[]> {
  const bucket = { bits, prefix: prefixOf(address, bits) }
  const found: DirectoryRecord[] = []
  let after: Uint8Array | undefined
  for (let parts = 0; parts < MAX_LOOKUP_PARTS; parts++) {
    const part = await buckets.fetch(bucket, { ...options, ...(after && { after }) })
    for (const record of part.records) {
      const opened = record.open(address, context.crypto.sha256)
      if (opened !== undefined) found.push(opened)
    }
    if (part.next === undefined) return found
    after = part.next
  }
  context.logger.warn('lookup: a bucket of records has no end', { parts: MAX_LOOKUP_PARTS })
  return found
}
