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

/** Bits of a bucket of records, records that one shall hold in the mean, and records given at once, as at a relay. */
export const MAX_PREFIX_BITS = 24
export const RECORDS_A_BUCKET = 64
export const MAX_RECORDS_PART = 64

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

/** Peers of a link that are remembered at once: as many as a link of this project connects. */
export const MAX_LINK_PEERS = 256

/** Announcements kept of one peer, and of all: 80 bytes each, so a crowd of liars holds some 10 MB. */
export const MAX_SERVED_BY_PEER = 4096
export const MAX_SERVED = 65_536

/** Frames to one peer that it has not confirmed; the rest waits here. */
export const LINK_WINDOW = 64

/** Frames that one control frame offers: their entries fill 512 bytes. */
export const MAX_OFFERED = 10

/** Frames that wait for a peer or its confirmation: beyond it a put is told to wait. */
export const MAX_PENDING_PUTS = 10_000

/** Frames that were offered by one peer and have not come; the oldest are forgotten, and offered again. */
export const MAX_EXPECTED_FRAMES = 256

/** What waits for readers of this node: frames of one box, and bytes of all. Beyond it peers are told to wait. */
export const MAX_INBOX_FRAMES = 1024
export const MAX_INBOX_BYTES: number = 16 * 1024 * 1024

/** Ids of frames that were acknowledged, so that a repeated one is confirmed and not delivered. */
export const MAX_TAKEN_IDS = 8192

/** Boxes that were fetched from and are not watched: still announced, the longest unused left first. */
export const MAX_FETCHED_BOXES = 1024

/** Messages to one peer that wait for its link; beyond it answers are left out, and asked for again. */
export const MAX_QUEUED_MESSAGES = 1024

/** Malformed or wrongly signed messages of one peer's run, after which that run is not heard. */
export const MAX_LINK_REFUSALS = 64

/** A peer that starts anew makes this node sign all its boxes: more often it is not heard until the minute is over. */
export const MAX_RUNS_PER_MINUTE = 10

/** How long a put over a link waits for somebody to come: waiting costs nothing but the frame's memory. */
export const PUT_PATIENCE_MS: number = 5 * 60 * 1000

/** Time for a first confirmation, before what latency and bandwidth add: over links that lose frames, and others. */
export const LOSSY_ANSWER_MS = 1000
export const RELIABLE_ANSWER_MS = 5000

/** Frames that a link has taken and whose connection it has ended are asked for after this. */
export const CUT_AFTER_MS = 250

/** The wait between two tries of one frame doubles so often, up to the longest. */
export const MAX_DOUBLINGS = 3

/** A peer at a link that loses frames is taken for gone when it has not answered so often. */
export const LOSSY_SILENCES = 3

/** The longest wait between two tries of one frame, where the link itself is not slower. */
export const LAST_PROBE_MS = 60_000

/** How often a link is asked for its peers, and how long the first question waits to meet them. */
export const PEER_CHECK_MS = 2000
export const MEETING_MS = 3000

/** Greetings to a peer that came by itself and has gone. */
export const MAX_STRANGER_GREETINGS = 8

/** Boxes with frames for readers who are away, whose wake-ups are listened for: each is a topic of the carrier's. */
export const MAX_WAKE_TOPICS = 32

/** Pauses before a node that has started says again that it is there, and for how many of its boxes. */
export const HERALD_AFTER_MS: readonly number[] = [2_000, 8_000, 20_000]
export const MAX_HERALDED_BOXES = 64

/** Bytes of an answer: the records of a full address. */
export const MAX_ANSWER_BYTES: number = MAX_WRITERS_PER_ADDRESS * (MAX_RECORD_BYTES + 256)

/** Items that one peer takes from this node's stock in a minute; one that takes more gets none. */
export const MAX_TAKES_PER_MINUTE = 120

/** An answer is not called late before that, whatever was measured: readers pause, collectors of garbage run. */
export const LEAST_LATE_MS = 100

/** A way that nothing was measured of is late after this, its announced latency four times, and what the bytes take. */
export const UNKNOWN_LATE_MS = 500

/** A failure counts half after this long; a way with more than half a failure comes after those without. */
export const FAILURE_HALF_LIFE_MS = 30_000

/** Failures in a row that are counted: with more, a way would be shunned for longer than ten minutes. */
export const MAX_FAILURES = 16

/** Ways that are measured; the longest unused are forgotten. */
export const MAX_MEASURED_WAYS = 4096

/** When every mailbox has failed, a link that has not answered is waited for so long, before all is tried anew. */
export const STALLED_MS = 10_000

/** Frames that wait for the reader of a carrier of one's own: beyond it senders wait, or frames are lost. */
export const MAX_UNREAD_LINK_FRAMES = 64
