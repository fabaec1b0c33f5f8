/**
 * What the server needs of a store: durable mailboxes, logs, directory, stock and blobs.
 *
 * Knows neither sockets nor proofs: signatures and hashes are verified before an engine is asked. Every
 * promise of a change resolves after the change is where it survives a crash. The state may lie elsewhere and
 * be shared by many relays, so nothing stored is read synchronously.
 */
import type { Clock, DirectoryRecord, Logger, StockUpload } from '@hyphae/core'
import type {
  BoxTerms,
  BucketPrefix,
  FailureName,
  ItemReply,
  StoredFrame,
  TtlClass,
} from '@hyphae/transport-relay/wire'
import type { RelayLimits } from '../limits.js'
import type { ServiceRows } from './rows.js'
import type { Spend } from './spend.js'

export type { Spend }

export interface Refusal {
  readonly refused: FailureName
  readonly retryAfterMs: number
}

/** Null: done. */
export type Verdict = Refusal | null

export interface FrameCounts {
  readonly 128: number
  readonly 512: number
  readonly 2048: number
  readonly 4096: number
}

export interface EngineStats {
  /** Frames that wait, by size. */
  readonly frames: FrameCounts
  /** Boxes with mail. */
  readonly boxes: number
  readonly records: number
  /** One-time items that wait. */
  readonly items: number
  readonly blobs: number
  /** Bytes of frames, records, items and blobs. */
  readonly bytes: number
}

export interface Page {
  readonly more: boolean
  readonly deliveries: readonly StoredFrame[]
}

export interface Taken {
  readonly found: ItemReply['found']
  readonly item: Uint8Array
}

export interface PutOptions {
  /** Default 30. The frame waits at least so many days (scaled by `limits.frameLifeMs`), and a random part longer. */
  readonly ttl?: TtlClass
  /** Frames that may wait in the box; default `limits.framesPerBox`. */
  readonly quota?: number
  /** Refused with `ticket-spent`, and nothing stored, when it is used up. Not counted for an id that is stored. */
  readonly spend?: Spend
}

/** A frame of a bucket. */
export interface BoxFrame extends StoredFrame {
  readonly box: Uint8Array
}

export interface BucketPage {
  readonly more: boolean
  /** Where the next page begins; at least `after`. */
  readonly next: number
  readonly frames: readonly BoxFrame[]
}

/** Where a record lies among all: at its address, behind those of writers that came before. */
export interface RecordPlace {
  readonly address: Uint8Array
  readonly slot: number
}

export interface PlacedRecord extends RecordPlace {
  readonly record: DirectoryRecord
}

export interface RecordPage {
  readonly more: boolean
  readonly records: readonly PlacedRecord[]
}

/** The place that was asked for is not the next free one. */
export interface LogConflict {
  readonly next: number
  /** What holds the place; undefined when nothing does, or not any more. */
  readonly entry: Uint8Array | undefined
}

export interface LogPage {
  /** Place of the first entry here: `from`, or that of the oldest entry that is left when it is later. */
  readonly from: number
  /** The next free place; 0 for a log that is not there. */
  readonly next: number
  readonly entries: readonly Uint8Array[]
}

/**
 * A hint that a frame became durable. `box` is `boxName` of the id; undefined: something may have been missed,
 * everybody looks again. `stored` is there only when the engine knows that no frame of the box lies between it
 * and the one of the hint before. It may come from another process.
 */
export type StoredListener = (box: string | undefined, stored: StoredFrame | undefined) => void

/** A frame for those who listen to a channel now. `channel` is `boxName` of the id. */
export type AnnouncedListener = (channel: string, frame: Uint8Array) => void

export type Entry = readonly [key: Uint8Array, value: Uint8Array]

/** Backup and compaction of an engine that keeps its own files. */
export interface Upkeep {
  /** Everything as it was when this was called, in order of keys, some hundred entries at a time. */
  snapshot(): AsyncIterable<readonly Entry[]>
  /** Gives the room that deleted entries still hold back to the disk. */
  compact(): Promise<void>
}

export interface RelayEngine {
  /** Null also for an id that the box has had in the last days: the first frame stays. */
  put(box: Uint8Array, id: Uint8Array, frame: Uint8Array, options?: PutOptions): Promise<Verdict>
  /** Frames behind `after`, oldest first, at most `limit` and about MAX_FETCH_BYTES. */
  fetch(box: Uint8Array, after: number, limit: number): Promise<Page>
  ack(box: Uint8Array, cursor: number): Promise<Verdict>
  /** A fetch that begins after a hint sees its frame. */
  onStored(listener: StoredListener): void
  /**
   * Hints come in the order of all frames and always carry theirs: the cursor of one is where its bucket goes on.
   */
  readonly inOrder?: true
  /**
   * This relay's clients wait for frames of the bucket, or one of them does not any more. Hints of other buckets
   * may be left out. Without it hints come for all.
   */
  interest?(bucket: BucketPrefix, wanted: boolean): void
  /**
   * What the owner of a box has set; undefined: nothing. Asked before every put: answers without a promise where
   * it can. A relay that shares its state may answer up to a minute late.
   */
  terms(box: Uint8Array): BoxTerms | undefined | Promise<BoxTerms | undefined>
  /** Replaces what was set. Kept for `limits.termsLifeMs` after it was last set. */
  setTerms(box: Uint8Array, terms: BoxTerms): Promise<Verdict>
  /** Frames of all boxes of a bucket behind `after` (0, or the `next` of a page), in the order they came. */
  bucket(bucket: BucketPrefix, after: number, limit: number): Promise<BucketPage>
  /**
   * Takes the entry when `position` is the next free place, and also when this very entry already holds it.
   * A log keeps its newest `limits.logEntries` entries and `limits.logBytes` bytes, and ends a `ttl` after its last one.
   */
  append(log: Uint8Array, position: number, entry: Uint8Array, ttl: TtlClass): Promise<LogConflict | Verdict>
  /** At most `limit` entries and about MAX_LOG_PAGE_BYTES, at least one where there is one. */
  entries(log: Uint8Array, from: number, limit: number): Promise<LogPage>
  /** Passes a frame on to the listeners of every relay, now or never. Does not wait, does not fail. */
  announce(channel: Uint8Array, frame: Uint8Array): void
  onAnnounced(listener: AnnouncedListener): void
  publish(record: DirectoryRecord): Promise<Verdict>
  lookup(address: Uint8Array): Promise<DirectoryRecord[]>
  /**
   * Records at addresses that begin with the bucket's bits, by address and then in the order the writers came, behind
   * `after`: at most `limit` and about MAX_RECORD_PAGE_BYTES, at least one where there is one.
   */
  records(bucket: BucketPrefix, after: RecordPlace | undefined, limit: number): Promise<RecordPage>
  stock(upload: StockUpload): Promise<Verdict>
  take(writer: Uint8Array, kind: number): Promise<Taken | Refusal>
  remaining(writer: Uint8Array, kind: number): Promise<number>
  putBlob(hash: Uint8Array, data: Uint8Array): Promise<Verdict>
  getBlob(hash: Uint8Array): Promise<Uint8Array | undefined>
  hasBlob(hash: Uint8Array): Promise<boolean>
  /** Removes what has expired. */
  sweep(signal: AbortSignal): Promise<void>
  /** Bytes of requests that wait for the disk. */
  queuedBytes(): number
  /** May be some seconds old. */
  stats(): Promise<EngineStats>
  /** Proves with a durable write that changes can be stored; left out where only a change itself would tell. */
  writable?(): Promise<boolean>
  /** What services keep; left out by an engine that keeps nothing for them. */
  readonly rows?: ServiceRows
  /** Left out by engines whose data is kept elsewhere and backed up there. */
  readonly upkeep?: Upkeep
  /** Finishes what was submitted, then closes. */
  close(): Promise<void>
}

export interface EngineOptions {
  /** Folder for what this process keeps itself; it exists, and no other relay uses it. */
  readonly data: string
  readonly limits: RelayLimits
  readonly clock: Clock
  readonly logger: Logger
}

/** @throws RelayError when what it keeps cannot be opened or reached */
export type OpenEngine = (options: EngineOptions) => Promise<RelayEngine>

export function refuse(refused: FailureName, retryAfterMs = 0): Refusal {
  return { refused, retryAfterMs }
}
