/** Limits of payment, each with its reason (spec/payment.md). */

/** Keys, channel ids, nonces and SHA-256 digests. */
export const ID_BYTES = 32

/** Ed25519. */
export const SIGNATURE_BYTES = 64

/** Amounts are u64 on the wire: the largest holds 18 ether in wei, and any fiat in thousandths of a cent. */
export const MAX_AMOUNT: bigint = 2n ** 64n - 1n

/** Times are milliseconds that a JavaScript number holds exactly. */
export const MAX_TIME: number = Number.MAX_SAFE_INTEGER

/** What says where a channel's money lies: an EVM reference takes 92 bytes. */
export const MAX_FUNDING_BYTES = 256

/** A channel lives at most this long, in ms: what a relay keeps of it is bounded by time. */
export const MAX_CHANNEL_LIFE_MS: number = 400 * 24 * 60 * 60 * 1000

/** Open channels of one payer: one in use, a few that run out. A channel costs nothing, its record does. */
export const MAX_PAYER_CHANNELS = 16

/** Links of a hash chain. Making it costs as many hashes: a quarter of a second on Node, half a one elsewhere. */
export const MAX_CHAIN_LINKS = 65_536

/** Links a payer may skip in one payment: what one proof can make a relay hash. */
export const MAX_CHAIN_STEP = 4_096

/** A checkpoint of the payer's chain is kept each this many links: 256 of them, and as many hashes a payment. */
export const CHAIN_CHECKPOINT = 256

/** RFC 9578 section 6.5: type 2 tokens are of 2,048-bit keys. */
export const RSA_BYTES = 256

/** RFC 9578 section 6.5: type u16, nonce 32, challenge digest 32, key id 32, signature 256. */
export const TOKEN_BYTES: number = 2 + 3 * ID_BYTES + RSA_BYTES

/** RFC 9577 section 2.1: an issuer's name; ours fits a DNS name. */
export const MAX_ISSUER_NAME_BYTES = 253

/** Tokens blind-signed in one request: each costs the issuer about a millisecond. */
export const MAX_BLINDED = 64

/** Values of tokens: each splits the crowd that a token hides in. */
export const MAX_TOKEN_VALUES = 4

/** Epochs whose keys an issuer names at once: the one that signs, the one before, and the next. */
export const MAX_ISSUER_EPOCHS = 3

/** Payments by ticket that a channel remembers, so that a repeated put is not charged again. */
export const REMEMBERED_TICKETS = 32

/** How long they are remembered, in ms: relays know what was put for as long unless told otherwise. */
export const TICKET_MEMORY_MS: number = 7 * 24 * 60 * 60 * 1000

/** A price that was named stands this long, in ms. */
export const QUOTE_LIFE_MS: number = 10 * 60 * 1000

/** Prices that stand at once; beyond it the oldest are forgotten. */
export const MAX_OPEN_QUOTES = 10_000
