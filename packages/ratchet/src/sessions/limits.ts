/** Every bound of the session manager, with its reason (spec/session.md, "Limits"). */

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS

/**
 * Sessions with one device that only receive. A peer that is away for a month is begun anew with at most 34 times
 * (five in the first day, then daily), and finds each of them open when it comes back.
 */
export const MAX_ARCHIVED_SESSIONS = 40

/** An archived session receives this long: relays keep mail for less. */
export const ARCHIVED_SESSION_TTL_MS: number = 30 * DAY_MS

/** A session that was begun and never answered sends this long; its prekeys are gone on the other side by then. */
export const UNACKNOWLEDGED_TTL_MS: number = 30 * DAY_MS

/** Sends without an answer after which a session may be given up: with one, crossing traffic would look like loss. */
export const UNANSWERED_SENDS = 2

/** How long those sends wait. An answer that takes longer is as likely lost as late, and the old session still receives. */
export const UNANSWERED_MS: number = HOUR_MS

/** Messages opened elsewhere that move the sending to a session with a larger id; one may have crossed (spec/models). */
export const MESSAGES_TO_FOLLOW = 2

/** Least time between two sessions begun with a device; doubled for each that stays unanswered. */
export const RENEWAL_FIRST_MS: number = HOUR_MS

/** Where the doubling ends: a peer that lost its store is deaf for a day at most. */
export const RENEWAL_MAX_MS: number = DAY_MS

/** Handshakes accepted from one device at once: as many as its sessions here, so that a return after a month is heard. */
export const ACCEPT_BURST: number = MAX_ARCHIVED_SESSIONS

/** After that, one in this time: at most 24 a day, far from pushing a session out before its mail came. */
export const ACCEPT_INTERVAL_MS: number = HOUR_MS

/** Decoded sessions held in memory, about 4 KB each; beyond that they are decoded again. */
export const MAX_CACHED_SESSIONS = 1000

/** Of a device's sessions, this many are searched beyond their windows for a frame without a session hint. */
export const WIDE_SEARCH_SESSIONS = 3

/** Characters of a device's name. */
export const MAX_DEVICE_NAME = 256

/** Prekey ids given out in one transaction; bounds how many a lost generation can have used. */
export const MAX_IDS_PER_TRANSACTION = 512

/** Ids skipped by one recovery at most: a false witness cannot use up the 2³² there are. */
export const MAX_ID_SKIP: number = 2 ** 24
