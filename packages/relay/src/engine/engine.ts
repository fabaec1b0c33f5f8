/**
 * What the server needs of a store: durable mailboxes, directory, stock and blobs.
 *
 * Knows neither sockets nor proofs: signatures and hashes are verified before an engine is asked. Every
 * promise of a change resolves after the change is where it survives a crash.
 */
import type { Clock, DirectoryRecord, Logger, StockUpload } from '@hyphae/core'
import type { FailureName, ItemReply, StoredFrame } from '@hyphae/transport-relay/wire'
import type { RelayLimits } from '../limits.js'

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

/** A frame that has just become durable. */
export type StoredListener = (box: string, stored: StoredFrame) => void

export type Entry = readonly [key: Uint8Array, value: Uint8Array]

/** Backup and compaction of an engine that keeps its own files. */
export interface Upkeep {
  /** Everything as it was when this was called, in order of keys, some hundred entries at a time. */
  snapshot(): AsyncIterable<readonly Entry[]>
  /** Gives the room that deleted entries still hold back to the disk. */
  compact(): Promise<void>
}

export interface RelayEngine {
  put(box: Uint8Array, id: Uint8Array, frame: Uint8Array): Promise<Verdict>
  /** Frames behind `after`, oldest first, at most `limit` and about MAX_FETCH_BYTES. */
  fetch(box: Uint8Array, after: number, limit: number): Promise<Page>
  ack(box: Uint8Array, cursor: number): Promise<Verdict>
  /** Position of the newest frame in the box; 0 when empty. */
  newest(box: Uint8Array): number
  /** Called once per stored frame, in order, after the batch is durable. `box` is `boxName` of the id. */
  onStored(listener: StoredListener): void
  publish(record: DirectoryRecord): Promise<Verdict>
  lookup(address: Uint8Array): Promise<DirectoryRecord[]>
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
  stats(): EngineStats
  /** Proves with a durable write that changes can be stored; left out where only a change itself would tell. */
  writable?(): Promise<boolean>
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
