/** Bounds of unsigned messages, with their reasons. */

/** Messages of one sender that may be lost before one that arrives: minutes of silence on a link of a few bytes a second. */
export const MAX_LITE_SKIPPED = 256

/** Keys kept for messages that were passed over; each is 32 bytes. */
export const KEPT_LITE_KEYS = 256

/** The counter has three bytes; who sends more in one epoch commits an update first. */
export const MAX_LITE_COUNTER = 0xff_ffff

/** Below an MTU with room for every header; what is longer is an ordinary message. */
export const MAX_LITE_PLAINTEXT_BYTES = 1024

/** Devices that share one leaf, each with a chain of its own. */
export const MAX_LITE_DEVICE = 255

/** Chains of as many senders as a group has members, with all their kept keys, take under 20 MB. */
export const MAX_LITE_STATE_BYTES: number = 32 * 1024 * 1024
