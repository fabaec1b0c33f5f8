/** Limits of the relay protocol (spec/relay.md) and of its client. */

// ── Wire ────────────────────────────────────────────────────────────────────────────────────────────────

/** Version byte of every message. */
export const WIRE_VERSION = 1

/** Largest message in bytes: one legal stock upload (256 items of 8,192 bytes) and a margin. */
export const MAX_MESSAGE_BYTES: number = 2304 * 1024

/** Operations in one message: bounds what one read can start, and fills a message of 2,048-byte frames. */
export const MAX_OPERATIONS = 1024

/** Writers at one address: enough for an honest owner behind squatters, few enough to fetch at once. */
export const MAX_WRITERS = 8

/** A blob: one chunk frame. */
export const MAX_BLOB_BYTES = 4096

/** Pushes that may be on their way on one watch: 4 MiB of the largest frames. */
export const MAX_WATCH_WINDOW = 1024

/** Bytes of frames in one answer to fetch: keeps an answer well under a message. */
export const MAX_FETCH_BYTES: number = 512 * 1024

/** A ticket: a blind RSA token of 4,096 bits with its fields, or a payment of several coins. */
export const MAX_TICKET_BYTES = 1024

/** Bits of a bucket's prefix: 16 million buckets, where each still hides its readers among many boxes. */
export const MAX_BUCKET_BITS = 24

/** Where a relay goes on in a bucket of records: an address and a place, sealed by it, with room for others' ways. */
export const MAX_RECORD_CURSOR_BYTES = 128

/** Bytes of records in one answer to a bucket of records: fits a sealed answer of 128 KiB over two hops. */
export const MAX_RECORD_PAGE_BYTES: number = 120 * 1024

/** One entry of a log: a commit of a group of some hundred members; a larger one is named by its hash. */
export const MAX_LOG_ENTRY_BYTES: number = 64 * 1024

/** Bytes of entries in one answer to a read of a log. */
export const MAX_LOG_PAGE_BYTES: number = 512 * 1024

/** One field of what a relay says of itself. */
export const MAX_DESCRIPTION_BYTES = 1024

/** A host name in a proof: the longest that DNS allows. */
export const MAX_HOST_BYTES = 253

// ── Client ──────────────────────────────────────────────────────────────────────────────────────────────

/** Pushes a watch buffers before its consumer takes them: 256 KiB of the largest frames. */
export const WATCH_WINDOW = 64

/** Frames of a channel that wait for a slow listener; older ones are dropped: a call has gone on. */
export const MAX_UNCREDITED = 256

/** Frames of one box found in its bucket that wait for their consumer; above it the bucket is not read on. */
export const MAX_FOUND = 1024

/** Frames of others that pass by before the place behind them is kept: at most so many are read twice. */
export const PLACE_STEP = 64

/** An acknowledgement of a box that is read through its bucket comes at most this much later, in ms. */
export const MAX_ACK_DELAY_MS = 120_000

/** Hashes of a work ticket between two turns of the event loop: a few milliseconds without a native hash. */
export const WORK_STEP = 1024

/** Deliveries a fetch returns when no limit is given. */
export const DEFAULT_FETCH_LIMIT = 100

/** Requests sent and not answered: several messages' worth, so that a batch fills while one is on its way. */
export const MAX_IN_FLIGHT = 4096

/** Bytes sent and not answered: 5 MB/s at a round trip of 200 ms, and 33 s of a 256 kbit/s uplink. */
export const MAX_IN_FLIGHT_BYTES: number = 1024 * 1024

/** A message is sent when it holds this much: small enough that the first answers come early. */
export const TARGET_MESSAGE_BYTES: number = 256 * 1024

/** An answer that takes longer, counted from sending, means that the connection or the relay is gone. */
export const REQUEST_TIMEOUT_MS = 60_000

/** How long a request waits for a connection before it is rejected as unreachable. */
export const UNREACHABLE_AFTER_MS = 10_000

/** A connection that is not open by then is given up. */
export const CONNECT_TIMEOUT_MS = 8_000

/** First pause before reconnecting; doubles with each failure. */
export const MIN_BACKOFF_MS = 200

/** Longest pause: below UNREACHABLE_AFTER_MS, so that every request sees at least one attempt. */
export const MAX_BACKOFF_MS = 8_000

/** A silent connection is asked for a sign of life after this time: under the usual proxy's idle limit. */
export const KEEPALIVE_MS = 25_000

/** How long a closing carrier waits for the WebSocket closing handshake. */
export const CLOSE_TIMEOUT_MS = 1_000

/** Longest pause between two looks at the deadlines of requests. */
export const MAX_TICK_MS = 1_000

// ── Two hops ────────────────────────────────────────────────────────────────────────────────────────────

/** Operations in one sealed request: bounds what a stranger's request starts; 128 KiB hold 60 frames of 2,048. */
export const MAX_HOP_OPERATIONS = 64

/** Seals of one request: the first may meet a clock that is off, and a second be lost. */
export const HOP_ATTEMPTS = 4

/** Pause between two looks into a watched box: 16 KiB each time, 3 KiB/s. */
export const HOP_POLL_MS = 5_000
