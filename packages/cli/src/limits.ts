/** Limits of the command, each with its reason. */

/** config.json: eight relays and sixteen handles take under 8 KiB. */
export const MAX_CONFIG_BYTES: number = 64 * 1024

/** Each relay is a connection and a copy of every frame. */
export const MAX_RELAYS = 8

/** Names one account claims in its record. */
export const MAX_HANDLES = 16

/** Longest a person would type; bounds what is read from a terminal. */
export const MAX_PASSPHRASE_CHARACTERS = 1024

/** A person waits at a prompt: a relay that does not answer for this long is told as unreachable, in ms. */
export const UNREACHABLE_AFTER_MS = 4_000

/** Commands of a script follow each other closely: wait this long for the one before to let go of the store, in ms. */
export const LOCK_WAIT_MS = 1_500
export const LOCK_POLL_MS = 100

/** Receipts that are under way when `listen` ends get this long to leave, in ms. */
export const FAREWELL_MS = 2_000

/** Seconds that `--timeout` means when left out, and at most. */
export const DEFAULT_TIMEOUT_SECONDS = 30
export const MAX_TIMEOUT_SECONDS: number = 24 * 60 * 60

/** First and longest pause before a file that could not be fetched is tried again, in ms. */
export const FETCH_RETRY_MS = 500
export const FETCH_RETRY_CAP_MS = 15_000

/** Tries to fetch a file of which no relay has all parts: its sender may still be uploading. */
export const MAX_FETCH_TRIES = 5

/** ` (2)`, ` (3)`, … at the end of a taken file name, up to this. */
export const MAX_SAME_NAMES = 10_000

/** What common file systems take for one name (ext4, APFS, NTFS: 255). */
export const MAX_NAME_BYTES = 255
