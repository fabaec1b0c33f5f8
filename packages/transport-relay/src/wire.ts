/** The relay protocol's codec, shared by client and server. */
export {
  MAX_BLOB_BYTES,
  MAX_BUCKET_BITS,
  MAX_DESCRIPTION_BYTES,
  MAX_FETCH_BYTES,
  MAX_HOP_OPERATIONS,
  MAX_LOG_ENTRY_BYTES,
  MAX_LOG_PAGE_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_OPERATIONS,
  MAX_RECORD_CURSOR_BYTES,
  MAX_RECORD_PAGE_BYTES,
  MAX_TICKET_BYTES,
  MAX_WATCH_WINDOW,
  MAX_WRITERS,
  WIRE_VERSION,
} from './limits.js'
export type * from './wire/about-replies.js'
export type * from './wire/blob-requests.js'
export type * from './wire/bucket-replies.js'
export { HINT_BYTES } from './wire/bucket-replies.js'
export type * from './wire/bucket-requests.js'
export { bucketOf } from './wire/bucket-requests.js'
export * from './wire/capability.js'
export type * from './wire/channel-requests.js'
export type * from './wire/deposit-requests.js'
export {
  type Description,
  describeFields,
  FIRST_DESCRIPTION,
  readDescription,
} from './wire/description.js'
export type * from './wire/directory-requests.js'
export { FAILURES, type FailureName, failureName } from './wire/failure.js'
export {
  HIDDEN_FIXED_BYTES,
  type HiddenPlace,
  type HiddenRecord,
  hideRecord,
  openHiddenRecord,
  RECORD_HINT_BYTES,
  RECORD_SALT_BYTES,
} from './wire/hidden-record.js'
export { bucketHint } from './wire/hint.js'
export type * from './wire/hop-requests.js'
export { HOP_SIZES, type HopSize, isHopSize } from './wire/hop-requests.js'
export type * from './wire/log-replies.js'
export type * from './wire/log-requests.js'
export type * from './wire/mailbox-replies.js'
export { CHALLENGE_BYTES } from './wire/mailbox-replies.js'
export type * from './wire/mailbox-requests.js'
export {
  decodeReplies,
  decodeRequests,
  encodeReplies,
  encodeRequests,
  MESSAGE_HEADER_BYTES,
  OPERATION_HEADER_BYTES,
  type Reply,
  type Request,
  replyBytes,
  requestBytes,
  requestCode,
  type UnknownRequest,
} from './wire/message.js'
export type * from './wire/opaque.js'
export type * from './wire/payment-requests.js'
export { hostName, openProof } from './wire/proof.js'
export type * from './wire/push-requests.js'
export { PUSH_TOKEN_BYTES } from './wire/push-requests.js'
export type * from './wire/range-requests.js'
export type * from './wire/record-bucket.js'
export type * from './wire/result-replies.js'
export type * from './wire/service-replies.js'
export { MAX_HOP_KEYS, MAX_OFFER_BYTES } from './wire/service-replies.js'
export {
  ALL_TICKETS,
  DEFAULT_TTL,
  isTtlClass,
  NO_TICKET,
  TICKET_KINDS,
  type Ticket,
  type TicketKind,
  TTL_CLASSES,
  type TtlClass,
  ticketKinds,
  ticketSet,
} from './wire/ticket.js'
export type * from './wire/ticketed-requests.js'
export { BLOBS_SUBJECT, blobSubject, entrySubject, stockSubject } from './wire/ticketed-requests.js'
export {
  checkWork,
  dayOf,
  encodeWork,
  hasLeadingZeros,
  readWork,
  type Sha256,
  setNonce,
  WORK_BYTES,
  type Work,
  type WorkSubject,
  workMessage,
} from './wire/work.js'
