/** Where an engine that shares its state keeps blobs: its own system, or any object store. spec/relay-engines.md section 4. */

export interface BlobStore {
  /** Putting a blob again renews it. Resolves when it survives a crash. */
  put(hash: Uint8Array, data: Uint8Array): Promise<void>
  get(hash: Uint8Array): Promise<Uint8Array | undefined>
  has(hash: Uint8Array): Promise<boolean>
  /** Removes what has expired. */
  sweep(signal: AbortSignal): Promise<void>
  counts(): Promise<{ readonly blobs: number; readonly bytes: number }>
  close(): Promise<void>
}

export interface BlobStoreOptions {
  /** A blob is kept this long after it was last put, in ms. */
  readonly lifeMs: number
  now(): number
}

/** @throws RelayError when it cannot be reached */
export type OpenBlobStore = (options: BlobStoreOptions) => Promise<BlobStore>

/** A blob is renewed when this part of its life is over: writing it again each time would cost as much as storing. */
export const RENEW_AFTER: number = 1 / 16
