/**
 * The Directory port over Nostr relays (spec/nostr.md, "Directory"): records signed by their writers lie there as
 * application data under keys of the carrier, and are read back before publishing counts. Relays are believed in nothing:
 * records are verified, and of all that the relays have the highest sequence counts.
 */
import { type Directory, type DirectoryRecord, equalBytes, KEY_BYTES } from '@hyphae/core'
import { verifyDirectoryRecord } from '@hyphae/tlv'
import { NostrError } from './errors.js'
import { DIRECTORY_PAGES, MAX_LOOKED_UP } from './limits.js'
import { type FoundNote, filterOfPlace, openNotes, type Place, placeOf, sealNote } from './place.js'
import { encodeRecordNote, mergeRecordNotes, type RecordNote, readRecordNote } from './record-note.js'
import { createStock, type StockContext } from './stock.js'
import { createTurns } from './turns.js'

export function createDirectory(context: StockContext): Directory {
  const inTurn = createTurns()
  return {
    publish: async (record, options) => {
      if (!verifyDirectoryRecord(context.crypto, record))
        throw new NostrError('nostr/bad-record', { details: { bytes: record.body.length } })
      const place = placeOf(context.nostr, 'records', record.address)
      await inTurn(place.tag, () => publish(context, place, record, options?.signal))
    },
    lookup: async (address, options) => {
      if (address.length !== KEY_BYTES)
        throw new NostrError('nostr/bad-record', { details: { addressBytes: address.length } })
      const place = placeOf(context.nostr, 'records', address)
      const notes = await notesAt(context, place, options?.signal)
      return recordsIn(context, address, notes)
        .slice(0, MAX_LOOKED_UP)
        .map(({ record }) => record)
    },
    ...createStock(context),
  }
}

async function notesAt(
  { nostr, pool }: StockContext,
  place: Place,
  signal?: AbortSignal,
): Promise<FoundNote[]> {
  const options = { pages: DIRECTORY_PAGES, ...(signal !== undefined && { signal }) }
  return openNotes(nostr, place, await pool.query(filterOfPlace(place), options))
}

function recordsIn({ crypto }: StockContext, address: Uint8Array, notes: readonly FoundNote[]): RecordNote[] {
  return mergeRecordNotes(notes.flatMap((note) => readRecordNote(crypto, address, note) ?? []))
}

const isSame = (a: DirectoryRecord, b: DirectoryRecord): boolean => equalBytes(a.signature, b.signature)

async function publish(
  context: StockContext,
  place: Place,
  record: DirectoryRecord,
  signal?: AbortSignal,
): Promise<void> {
  const notes = await notesAt(context, place, signal)
  const before = recordsIn(context, record.address, notes).find((known) =>
    equalBytes(known.record.writer, record.writer),
  )
  if (before !== undefined && isSame(before.record, record)) return
  if (before !== undefined && before.record.sequence >= record.sequence)
    throw new NostrError('nostr/stale', {
      details: { sequence: record.sequence, stored: before.record.sequence },
    })
  const author = context.authors(place, record.writer, 0)
  const own = notes.find(({ event }) => event.pubkey === author.publicKey)?.event.created_at ?? 0
  const created_at = Math.max(Math.floor(context.clock.now() / 1000), own + 1)
  const content = encodeRecordNote({ firstAt: before?.firstAt ?? context.clock.now(), record })
  const event = sealNote(context.nostr, place, { author, created_at, content })
  await context.pool.publish(event, signal === undefined ? {} : { signal })
  const after = recordsIn(context, record.address, await notesAt(context, place, signal))
  if (!after.some((known) => isSame(known.record, record))) throw new NostrError('nostr/not-stored')
}
