/** Kinds of event that are used here, with where each is defined. */

/** NIP-01: what somebody says of themselves. */
export const KIND_PROFILE = 0
/** NIP-17: a text message inside a seal. */
export const KIND_CHAT = 14
/** NIP-17: a file message inside a seal. */
export const KIND_FILE = 15
/** NIP-59. */
export const KIND_SEAL = 13
/** NIP-59. */
export const KIND_GIFT_WRAP = 1059
/** NIP-17: the relays a person reads private messages from. */
export const KIND_MESSAGE_RELAYS = 10050
/** NIP-65: the relays a person reads from and writes to. */
export const KIND_RELAY_LIST = 10002
/** NIP-42. */
export const KIND_AUTHENTICATION = 22242
/** A gift wrap that relays do not keep. */
export const KIND_EPHEMERAL_WRAP = 21059
/** NIP-78: data of an application, replaced by its author's next with the same `d` tag. */
export const KIND_APPLICATION_DATA = 30078
