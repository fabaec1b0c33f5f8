/**
 * Store port: an ordered, transactional key-value store with one writer.
 *
 * A key is a table name and parts. Numbers keep their order and stay readable by the engine; strings and
 * bytes are opaque to it, so that an encrypting store can blind them. Ranges therefore run over the number
 * that follows a fixed prefix, or over a whole prefix in no promised order.
 */

/** A non-negative safe integer, text, or bytes. */
export type KeyPart = string | number | Uint8Array
export type StoreKey = readonly [table: string, ...parts: KeyPart[]]

export interface StoreEntry {
  readonly key: StoreKey
  readonly value: Uint8Array
}

export interface ListOptions {
  /** Lowest number allowed in the part that follows the prefix (inclusive). */
  readonly from?: number
  readonly limit?: number
  readonly reverse?: boolean
}

export interface StoreReader {
  get(key: StoreKey): Promise<Uint8Array | undefined>
  /** Entries whose key starts with `prefix`, in order of the number that follows it, if one does. */
  list(prefix: StoreKey, options?: ListOptions): Promise<StoreEntry[]>
}

export interface StoreTransaction extends StoreReader {
  put(key: StoreKey, value: Uint8Array): void
  delete(key: StoreKey): void
}

export interface Store extends StoreReader, AsyncDisposable {
  /**
   * Runs `work` alone; its reads see its writes. All writes are durable together when the promise resolves,
   * or none happened when it rejects. Values handed in and out are the caller's to keep: the store copies.
   * `work` must not call the store itself, only `tx`.
   */
  transact<T>(work: (tx: StoreTransaction) => Promise<T> | T): Promise<T>
  close(): Promise<void>
}
