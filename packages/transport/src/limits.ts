/** Limits of the carriers in this package: what strangers can make a process hold. */

/** Frames waiting in one mailbox: a month of heavy use; beyond it a sender is told to wait. */
export const MAX_BOX_FRAMES = 10_000

/** Frame ids of a box remembered after their frame was acknowledged, so that a late retry stays harmless. */
export const MAX_REMEMBERED_IDS = 1024

/** Frames given by one fetch when the caller names no limit. */
export const DEFAULT_FETCH = 100

/** Writers heard at one directory address; the first come stay. */
export const MAX_WRITERS_PER_ADDRESS = 8

/** Body of a directory record; an identity record of twenty devices fits. */
export const MAX_RECORD_BYTES = 8192

/** Items in one stock upload, and bytes of one item. */
export const MAX_UPLOAD_ITEMS = 256
export const MAX_ITEM_BYTES = 8192

/** One-time items held for one writer and kind. */
export const MAX_STOCK_ITEMS = 1024

/** One blob is one chunk frame at most. */
export const MAX_BLOB_BYTES = 4096

/** Bytes of frames that a merged watch remembers to recognise the copy from another carrier. */
export const MAX_DEDUPE_BYTES: number = 4 * 1024 * 1024

/** Calls to one slow carrier that may go on after another has already answered. */
export const MAX_BACKGROUND_CALLS = 1000

/** Wait before a failed carrier is watched again: doubles from the first to the last, halved at random. */
export const FIRST_RETRY_MS = 500
export const LAST_RETRY_MS = 30_000

/** Frames that wait for a subscriber of a memory topic who does not read; the oldest beyond them are lost. */
export const MAX_UNHEARD_FRAMES = 1024
