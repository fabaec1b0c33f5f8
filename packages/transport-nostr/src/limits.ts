/** Limits of the Nostr layer, each with its reason. */

/** An event as JSON: common relays refuse more than 64 to 256 KiB; what is longer travels as a file. */
export const MAX_EVENT_BYTES: number = 256 * 1024
/** Tags of one event; a contact list has thousands, a message a handful. */
export const MAX_TAGS = 2_500
/** Elements of one tag. */
export const MAX_TAG_ELEMENTS = 64
/** NIP-01: kinds are 0 to 65,535. */
export const MAX_KIND = 0xffff
/** Seconds; past the year 30,000, and small enough to be exact. */
export const MAX_CREATED_AT = 1_000_000_000_000

/** NIP-44: from this length on the length prefix has six bytes instead of two. */
export const EXTENDED_LENGTH = 0x1_0000
/** Bytes of one encrypted text: what fits an event of MAX_EVENT_BYTES after padding and base64, twice wrapped. */
export const MAX_PLAINTEXT_BYTES: number = 128 * 1024
/** NIP-44: the shortest padded text. */
export const MIN_PADDED_BYTES = 32

/** NIP-59: seals and wraps are dated up to two days back. */
export const MAX_BACKDATING_SECONDS: number = 2 * 24 * 60 * 60

/** NIP-19: a name of this many characters is longer than any with a few relay hints. */
export const MAX_NAME_CHARACTERS = 5_000
/** Conversation keys kept: 64 bytes each, and an ECDH of a millisecond saved. */
export const MAX_CONVERSATION_KEYS = 1_000
