/// <reference lib="esnext.disposable" preserve="true" />
export type { BlobStore, BlobStoreOptions, OpenBlobStore } from './engine/blob-store.js'
export { type S3Options, s3Blobs } from './engine/s3/blobs.js'
