/** Tables of files on their way: those that wait to be put, and those that are half fetched. */
import type { FileBody } from '@hyphae/content'
import * as v from 'valibot'
import { type Table, table } from './table.js'

const bytes: v.GenericSchema<Uint8Array> = v.instance(Uint8Array)
const count: v.GenericSchema<number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

export interface StagedFileRow {
  /** Where it is sent to. */
  readonly place: string
  /** What its message says; null while the file is being sealed. */
  readonly file: FileBody | null
  /** The message that describes it; empty until that is sent. */
  readonly message: string
  /** Frames; 0 while the file is being sealed. */
  readonly total: number
  /** Frames that a carrier has. */
  readonly stored: number
}
/** Upload id. */
export const stagedFilesTable: Table<StagedFileRow> = table(
  'staged-file',
  v.strictObject({
    place: v.string(),
    file: v.nullable(
      v.strictObject({
        name: v.string(),
        mediaType: v.string(),
        size: count,
        root: bytes,
        key: bytes,
        manifest: bytes,
        count,
        minBandwidthBps: v.exactOptional(count),
      }),
    ),
    message: v.string(),
    total: count,
    stored: count,
  }),
)
/** Upload id, number of the first in sending order: sealed frames, one after the other, as they are put in one call. */
export const stagedBatchesTable: Table<Uint8Array> = table('staged-batch', bytes)

/** Manifest hash: when the fetching of a file was last begun. */
export const fetchedFilesTable: Table<number> = table('fetched-file', count)
/** Manifest hash, frame hash: a frame that was fetched and checked. */
export const fetchedChunksTable: Table<Uint8Array> = table('fetched-chunk', bytes)
