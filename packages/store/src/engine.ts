/**
 * What a store needs from storage: an ordered map of byte strings with atomic, durable batches.
 *
 * An engine knows nothing of transactions, keys' meaning or encryption. It throws StoreError or anything else;
 * what is not a Hyphae error is taken as `store/io`.
 */

export interface EngineEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** A write; without a value, a deletion. */
export interface EngineWrite {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/** Keys from `gte` up to, not including, `lt`, compared as unsigned bytes. */
export interface EngineRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
  readonly reverse?: boolean
  readonly limit?: number
}

export interface Engine {
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  /** One consistent view: no batch is seen in part. */
  range(range: EngineRange): Promise<EngineEntry[]>
  /** All of it durable when it resolves; none of it visible, then or later, when it rejects. */
  write(batch: readonly EngineWrite[]): Promise<void>
  close(): Promise<void>
}

/** A byte string as text with one character a byte: usable as a Map key, and `<` compares as bytes do. */
export function byteText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
