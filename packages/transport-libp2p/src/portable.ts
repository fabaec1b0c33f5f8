/** What is the same on every runtime. */
export { type Announcement, announcementAddress, openAnnouncement, signAnnouncement } from './announcement.js'
export {
  decodeValue,
  encodeValue,
  mergeRecords,
  RECORD_NAMESPACE,
  recordKey,
  recordSelector,
  recordValidator,
  verifyValue,
} from './directory-value.js'
export { LIBP2P_ERRORS, Libp2pError } from './errors.js'
export type { Libp2pCarrier, Libp2pCarrierTransport, Libp2pTransportFactory } from './libp2p-carrier.js'
export * from './limits.js'
export type { Addresses, Libp2pOptions, Libp2pTransport } from './options.js'
export * from './protocols.js'
export { openPublishing, sealPublishing, topicName } from './publishing.js'
