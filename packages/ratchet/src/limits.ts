/** Every bound of this package, with its reason. */
import { MAX_MESSAGE_NUMBER, MAX_STOCK_ITEMS } from '@hyphae/tlv'

/** How far past the next expected message of a chain a frame may be. Olm's figure; bounds the work of one frame. */
export const MAX_FORWARD = 2000

/** Messages ahead whose tags are always known: reordering between carriers stays well below it. */
export const TAG_WINDOW = 16

/** Message keys kept for late messages, in one session, over all its chains. The oldest goes first. */
export const MAX_SKIPPED_KEYS = 2000

/** A message later than this is lost: relays keep mail for less, and a kept key is a risk. */
export const SKIPPED_KEY_TTL_MS: number = 30 * 24 * 60 * 60 * 1000

/** Messages of one sending chain: the header's 24-bit counters hold both the number and this count. */
export const MAX_CHAIN_MESSAGES: number = MAX_MESSAGE_NUMBER

/** Signed prekeys held: the current one and two before it, so a bundle fetched weeks ago still works. */
export const KEPT_SIGNED_PREKEYS = 3

/** One-time prekeys held at most; above it the oldest are forgotten, so draining the stock cannot fill a disk. */
export const MAX_ONE_TIME_PREKEYS = 1000

/** One-time prekeys made by one call: what one directory upload takes. */
export const MAX_PREKEY_BATCH: number = MAX_STOCK_ITEMS

/** Suggested batch of one-time prekeys. */
export const PREKEY_BATCH = 100

/** Suggested stock below which a new batch should be uploaded. */
export const PREKEY_REFILL_BELOW = 20

/** Suggested age at which the signed prekey is rotated: a week. */
export const SIGNED_PREKEY_MAX_AGE_MS = 604_800_000

/** A bundle: 284 bytes, 1,479 with an ML-KEM-768 key and 1,863 with an ML-KEM-1024 key; room for a second one. */
export const MAX_BUNDLE_BYTES = 4096

/** The largest KEM ciphertext, of ML-KEM-1024. */
export const MAX_KEM_CIPHERTEXT_BYTES = 1568

/** Application data in a handshake: enough for a hash or two; a classic one stays within 400 bytes. */
export const MAX_CONTEXT_BYTES = 256

/**
 * Messages of an epoch, sent and read, before its offering side begins the next. An epoch costs both sides together
 * a key generation, an encapsulation and a half, and a decapsulation, 1.3 ms in portable code: spread over 32 messages
 * it is less than the DH ratchet costs.
 */
export const PQ_INTERVAL = 32

/** Parity chunks in one frame: each costs as many multiplications as the value has bytes, at most 1,152. */
export const PARITY_CHUNKS = 3

/** A value that this many frames hold is repeated instead of coded: a lost frame comes again soon, and for nothing. */
export const REPEAT_FRAMES = 8

/** Frames of the peer without progress, after which it is said to stall: three times an honest epoch at its slowest start. */
export const PQ_STALL_FRAMES = 100

/** Epochs are u32; the last one never ends. */
export const MAX_PQ_EPOCH = 0xff_ff_ff_fe

/** Counters of the post-quantum ratchet stop here: u16. */
export const MAX_PQ_COUNT = 0xff_ff

/** The post-quantum part of a snapshot: this many bytes at most, while offering with all but one chunk of ct1. */
export const MAX_PQ_SNAPSHOT_BYTES = 2527

/** Prekey ids are u32 and never used twice; the counter itself must fit too. */
export const MAX_PREKEY_ID = 0xff_ff_ff_fe

/** Times are milliseconds in 48 bits: until the year 10,889. */
export const MAX_TIME: number = 2 ** 48 - 1
