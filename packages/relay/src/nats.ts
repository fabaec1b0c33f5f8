/// <reference lib="esnext.disposable" preserve="true" />
export type { BlobStore, BlobStoreOptions, OpenBlobStore } from './engine/blob-store.js'
export { type NatsOptions, natsEngine } from './engine/nats/engine.js'
