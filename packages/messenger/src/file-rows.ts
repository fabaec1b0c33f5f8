/** Tables of files on their way: those that wait to be put, and those that are half fetched. */
import * as v from 'valibot'
import { type Table, table } from './table.js'

const bytes: v.GenericSchema<Uint8Array> = v.instance(Uint8Array)
const count: v.GenericSchema<number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

export interface StagedFileRow {
  /** Hash of the root manifest; empty while the file is being sealed. */
  readonly manifest: Uint8Array
  /** The message that describes it; empty until that is sent. */
  readonly message: string
  readonly minBandwidthBps: number
  /** Frames; 0 while the file is being sealed. */
  readonly total: number
  /** Frames that a carrier has. */
  readonly stored: number
}
/** Upload id. */
export const stagedFilesTable: Table<StagedFileRow> = table(
  'staged-file',
  v.strictObject({
    manifest: bytes,
    message: v.string(),
    minBandwidthBps: count,
    total: count,
    stored: count,
  }),
)
/** Upload id, number in sending order: a sealed frame. */
export const stagedChunksTable: Table<Uint8Array> = table('staged-chunk', bytes)

/** Manifest hash: when the fetching of a file was last begun. */
export const fetchedFilesTable: Table<number> = table('fetched-file', count)
/** Manifest hash, frame hash: a frame that was fetched and checked. */
export const fetchedChunksTable: Table<Uint8Array> = table('fetched-chunk', bytes)
