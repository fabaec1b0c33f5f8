/** What is the same on every runtime. */
export type { Random } from './backoff.js'
export type { BlobPart, RelayBlobs } from './blobs.js'
export type { Buckets } from './buckets.js'
export type {
  BucketPrivacy,
  RelayCarrier,
  RelayCarrierOptions,
  RelayFactory,
  RelayPrivacy,
  RelayTransport,
  Via,
} from './carrier.js'
export type { Channels } from './channels.js'
export type { RelayPut, TicketFor } from './deposits.js'
export { RELAY_CARRIER_ERRORS, RelayCarrierError } from './errors.js'
export type { Appended, LogKey, LogPart, Logs } from './logs.js'
export type { RelayMailbox } from './mailbox.js'
export { type BucketPlaces, storedPlaces } from './places.js'
export type { PushGatewayKeys, PushRegistrations } from './registrations.js'
export { type RelaySequencer, relaySequencer, type SequencerOptions, sequencerSeed } from './sequencer.js'
export type { WebSocketConstructor, WebSocketLike } from './socket.js'
export type { BoxTermsPort, MailboxTerms } from './terms.js'
export type { TicketsFor } from './tickets.js'
export { type TokenTicketOptions, tokenTickets } from './tokens.js'
export type { BucketFrame } from './wire/bucket-replies.js'
export type { BucketPrefix } from './wire/bucket-requests.js'
export { bucketOf } from './wire/bucket-requests.js'
export { type CapabilityGrant, capabilityTicket } from './wire/capability.js'
export type { Description } from './wire/description.js'
export { bucketHint } from './wire/hint.js'
export type { Ticket, TicketKind, TtlClass } from './wire/ticket.js'
export { BLOBS_SUBJECT, blobSubject, entrySubject, stockSubject } from './wire/ticketed-requests.js'
export type { Sha256, WorkSubject } from './wire/work.js'
export { type WorkOptions, workTicket } from './work.js'
