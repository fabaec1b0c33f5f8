/** Every bound of the Signal wire, with its reason. */

/** How far past the next expected message of a chain a message may be; the figure Signal uses on this wire. */
export const SIGNAL_MAX_FORWARD = 25_000

/** Seeds kept for late messages of one chain, and post-quantum keys of one direction; the oldest goes first. */
export const SIGNAL_MAX_SKIPPED = 2000

/** Receiving chains kept: the peer's newest and four before it, as Signal does. */
export const SIGNAL_MAX_RECEIVING_CHAINS = 5

/** A message: well above an attachment pointer or a long text, and small enough to hold twice in memory. */
export const SIGNAL_MAX_MESSAGE_BYTES: number = 256 * 1024

/** Plaintext of one message, so that the padded ciphertext and a first message's keys fit beside it. */
export const SIGNAL_MAX_PLAINTEXT_BYTES: number = SIGNAL_MAX_MESSAGE_BYTES - 4096

/** Counters are u32 on the wire; the last one is never used, so that the next is always one too. */
export const SIGNAL_MAX_COUNTER = 0xff_ff_ff_fe

/** Post-quantum epochs are u64 on the wire; a number holds this many exactly, one a minute for 10¹⁰ years. */
export const SIGNAL_MAX_EPOCH: number = Number.MAX_SAFE_INTEGER - 1

/** A safety number binds an identifier such as a UUID or a phone number; longer ones are somebody's mistake. */
export const SIGNAL_MAX_IDENTIFIER_BYTES = 256

/** A session in storage: five chains of kept seeds and four epochs of kept keys, all full, are below 0.7 MB. */
export const SIGNAL_MAX_SNAPSHOT_BYTES: number = 1024 * 1024
