/// <reference lib="esnext.disposable" preserve="true" />

export type { Attachment, AttachOptions } from './attachment.js'
export { type LinkBlobs, type LinkBlobsOptions, linkBlobs } from './blobs.js'
export * from './errors.js'
export type { ObjectEvent } from './events.js'
export { type ExchangeOptions, type ObjectExchange, openExchange } from './exchange.js'
export { HASH_BYTES, type ObjectHash } from './hash.js'
export type { ObjectHeader, ObjectType, Priority } from './header.js'
export { decodeIndices, encodeIndices, type IndexSet } from './index-set.js'
export * from './limits.js'
export { type MailboxLinkOptions, type MailboxPeer, mailboxLink } from './mailbox-link.js'
export { decodeMessage, type EncodedMessage, type Entry, encodeMessage, type Message } from './message.js'
export type { LinkTraits } from './neighbour.js'
export type { Verdict } from './node-context.js'
export {
  type CreateObject,
  createObject,
  type DataObject,
  type Description,
  openDescription,
  openObject,
} from './object.js'
export { PACK_USE } from './pack.js'
export { type Assembly, assembly, type Cutting, cutMessage, frameSizes, PACKET_VERSION } from './packet.js'
export type { ObjectStatus } from './reading.js'
export type { DropReason } from './shelf.js'
export { isObjectFrame, type SplitLink, splitLink } from './split-link.js'
export {
  type BlockPlace,
  buildTree,
  firstChunk,
  isBlock,
  placeOf,
  type Tree,
  type TreeShape,
  treeShape,
} from './tree.js'
export { type WithObjectsOptions, withObjects } from './with-objects.js'
