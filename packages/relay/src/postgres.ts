/// <reference lib="esnext.disposable" preserve="true" />
export type { BlobStore, BlobStoreOptions, OpenBlobStore } from './engine/blob-store.js'
export { type PostgresOptions, postgresEngine } from './engine/postgres/engine.js'
