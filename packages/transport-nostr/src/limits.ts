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

/** One message of a relay: an event and what stands around it. */
export const MAX_RELAY_MESSAGE_BYTES: number = MAX_EVENT_BYTES + 4096
/** Relays of one pool: each gets every event. */
export const MAX_RELAYS = 32
/** A connection that is not open by then is given up. */
export const CONNECT_TIMEOUT_MS = 10_000
/** How long a closing socket waits for the other side. */
export const CLOSE_TIMEOUT_MS = 1_000
/** A relay that has not said OK by then is taken to have failed. */
export const PUBLISH_TIMEOUT_MS = 15_000
/** With subscriptions open and nothing heard for so long, the relay is asked for a sign of life. */
export const SILENCE_MS = 45_000
/** It has this long to answer; then the connection is taken for dead, as after a suspended night. */
export const PROBE_TIMEOUT_MS = 10_000
/** Events asked for at a time: relays cap an answer, commonly at 500, and drop the oldest. */
export const PAGE_EVENTS = 400
/** Pages of one look-up; beyond it the relay repeats itself. */
export const MAX_PAGES = 256
/** Events that wait for a reader; then the subscription is closed, and asked for again when it has caught up. */
export const MAX_WAITING_EVENTS = 1_000
/** Ids remembered by a subscription, to drop copies from other relays: 64 digits each. */
export const MAX_SEEN_EVENTS = 20_000

/** NIP-40: how long a frame may lie at a relay. */
export const FRAME_LIFETIME_SECONDS: number = 30 * 24 * 60 * 60
/** Frames of a box that were acknowledged; a relay keeps them until they expire and sends them again. */
export const MAX_ACKNOWLEDGED = 20_000
/** Relays of one list that count: NIP-65 asks for two to four of each kind, NIP-17 for one to three. */
export const MAX_LISTED_RELAYS = 16

/** Bytes of a stock upload in one event: base64 and padding keep it below the 64 KiB that common relays take. */
export const STOCK_PART_BYTES: number = 24 * 1024
/** Parts of one upload: 256 items of 8 KiB, the most that spec/directory.md allows. */
export const MAX_STOCK_PARTS = 96
/** Items that wait in one stock, as at a relay of Hyphae (spec/directory.md, K8). */
export const MAX_WAITING_ITEMS = 1024
/** How long parts and claims may lie at a relay: longer than anything in a stock is good for. */
export const STOCK_LIFETIME_SECONDS: number = 90 * 24 * 60 * 60
/** How often a taker who meets another one tries again before it takes the last resort. */
export const MAX_CLAIM_ATTEMPTS = 8
/** The longest first pause after meeting another taker; doubles with each attempt. */
export const CLAIM_PAUSE_MS = 20
/** Pages read of one place of the directory: strangers may write there too, and cost a reader no more than this. */
export const DIRECTORY_PAGES = 8
/** Writers given at one address; readers take the first 16 (spec/identity.md, section 8). */
export const MAX_LOOKED_UP = 64
/** A page with fewer events than this is the last: no relay in use caps an answer so low. */
export const SHORTEST_PAGE = 50
/** Signatures remembered as valid, so that copies from other relays and repeated questions cost none: 256 digits each. */
export const MAX_REMEMBERED_SIGNATURES = 4_096
/** Tags asked for in one subscription: relays take more, and a request stays below 32 KiB. */
export const MAX_SHARED_TAGS = 250
/** Questions to one relay at once: relays allow some twenty subscriptions, and those that stay open are among them. */
export const MAX_QUESTIONS = 8
/** A relay that has sent nothing for so long after a question is taken to have said all. */
export const STORED_TIMEOUT_MS = 10_000
/** Boxes whose derived keys are kept: about 200 bytes each, and a millisecond saved. */
export const MAX_KNOWN_BOXES = 4_096
/** How far a sender's clock may be behind for its wraps to be found after a short absence. */
export const CLOCK_TOLERANCE_SECONDS: number = 24 * 60 * 60
/** A relay that was asked for everything so long ago is asked for everything again: clocks may be wrong by more. */
export const FULL_QUESTION_SECONDS: number = 24 * 60 * 60
/** Characters of a name that is shown: longer ones push what stands beside them out of sight. */
export const MAX_DISPLAY_NAME_CHARACTERS = 64
/** RFC 1035: characters of a domain. */
export const MAX_DOMAIN_CHARACTERS = 253
/** A relay that could not be connected to for so long does not hold up whoever asks or publishes. */
export const UNREACHABLE_MS = 5_000
