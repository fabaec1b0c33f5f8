/** What is the same on every runtime. */

export type { NostrFactory, NostrOptions, PersonFactory, PoolFactory } from './carrier.js'
export { type ConversationKeys, conversationKeys } from './conversation-keys.js'
export { NOSTR_ERRORS, NostrError } from './errors.js'
export {
  type EventTemplate,
  eventId,
  makeRumor,
  type NostrEvent,
  parseJson,
  type Rumor,
  readEvent,
  readRumor,
  signEvent,
  type Tag,
  tagValue,
  type UnverifiedEvent,
  verifyEvent,
} from './event.js'
export type { Filter } from './filter.js'
export { giftWrap, type Unwrapped, unwrapGift, type WrapOptions } from './gift-wrap.js'
export { exportNostrKey, generateNostrKey, importNostrKey, type NostrKey, type PublicKeyHex } from './key.js'
export * from './kinds.js'
export { type Libsecp256k1, overLibsecp256k1 } from './libsecp256k1.js'
export * from './limits.js'
export {
  decodeNote,
  decodeNprofile,
  decodeNpub,
  decodeNsec,
  encodeNpub,
  encodeNsec,
  type Profile,
} from './nip19.js'
export {
  conversationKey,
  decrypt44,
  decryptBytes44,
  encrypt44,
  encryptBytes44,
  paddedLength,
} from './nip44.js'
export type { CreateNostr, Nostr } from './nostr.js'
export type { NostrPerson } from './person.js'
export type { NostrPool } from './pool.js'
export {
  fileTemplate,
  type NostrFile,
  openFile,
  type PrivateMessage,
  readPrivateMessage,
  sealFile,
  textTemplate,
} from './private-message.js'
export { displayName, type NostrProfile, nip05Name, readProfile } from './profile.js'
export type { QueryOptions } from './query.js'
export {
  type ListedRelay,
  messageRelaysOf,
  messageRelaysTemplate,
  readMessageRelays,
  readRelayList,
  relayListOf,
  relayListTemplate,
} from './relay-list.js'
export { nobleSecp256k1, type Secp256k1 } from './secp256k1.js'
export type { WebSocketConstructor, WebSocketLike } from './socket.js'
