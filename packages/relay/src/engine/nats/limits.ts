/** Limits of the NATS engine. spec/relay-engines.md section 2. */

/** A request to JetStream; a cluster that lost a leader answers nothing for as long. */
export const REQUEST_MS = 3_000

/** How long a change is tried again before it is refused: an election took 5 s on a loaded machine. */
export const PATIENCE_MS = 20_000

/** Pause before a failed request is repeated, in ms. */
export const RETRY_MS = 100

/** Frames of one record; a cursor has 8 bits for the place in its record. */
export const MAX_RECORD_ENTRIES = 256

/** Bytes of one record: half of what a NATS server takes by default. */
export const MAX_RECORD_BYTES: number = 512 * 1024

/** Records of a log read one after another before its parts are read side by side. */
export const CHAIN_READS = 12

/** Parts of a stream that are read side by side. */
export const SEGMENTS = 16

/** How long an acknowledgement of what this relay cannot see yet waits for a leader that is behind, in ms. */
export const BEHIND_MS = 2_000

/** Notes of acknowledgements in a log before they are gathered in one. */
export const NOTES_BEFORE_SUMMARY = 32

/** Ids of one note: a box without a sensible quota is acknowledged in steps. 192 KiB. */
export const MAX_NOTE_IDS = 8192

/** How long a relay waits to hear of a record that the servers have taken before it asks, in ms. */
export const EAR_MS = 250

/** Records that are held while those before them are read; what comes beyond is read as well. */
export const MAX_AHEAD = 64

/** A state that was not read for so long is read anew: what the log has forgotten since then is not in it. */
export const STATE_AGE_MS = 3_600_000

/** Ids and positions held in memory over all logs, 140 to 270 bytes each. Logs in use count and stay. */
export const MAX_CACHED_ENTRIES = 1_500_000

/** Bytes of records held in memory, so that what was just stored is not read again. */
export const RECORD_CACHE_BYTES: number = 16 * 1024 * 1024

/** How often records that hold nothing any more are removed, in ms. */
export const COLLECT_MS = 500

/** Frames read from the servers at once for one fetch. */
export const PARALLEL_READS = 128

/** How often watched buckets are looked at although nothing was heard: a wake may be lost with a server, in ms. */
export const LOOK_AGAIN_MS = 30_000

/** What the owner of a box has set may be this old, in ms. */
export const TERMS_AGE_MS = 60_000

/** Boxes whose terms are held in memory. */
export const MAX_CACHED_TERMS = 50_000

/** How often a compare-and-swap is tried again: each failure means that somebody else succeeded. */
export const MAX_SWAPS = 64

/** Logs whose entries' places are held in memory: at most 1,024 places each. */
export const MAX_CACHED_LOGS = 1_000

/** Puts a counted use remembers: an interrupted put is tried again before as many others. */
export const MAX_NAMED_USES = 128

/** Rows of services whose ends are held in memory; others are read at each sweep. */
export const MAX_CACHED_ENDS = 100_000

/** A row without an end is looked at again after this time, in ms: it may have been given one. */
export const LOOK_AGAIN_AT_ROWS_MS: number = 24 * 60 * 60 * 1000

/** Figures of what is stored are counted again after this time, in ms. */
export const STATS_AGE_MS = 10_000

/** Addresses with records are listed again after this time, in ms: what other relays have published is seen then. */
export const ADDRESSES_AGE_MS = 2_000

/** Listing them takes at most one part in so many of the time, however many there are. */
export const LISTING_PAUSE = 20

/** What is stored is compared with the limit of stored bytes this often, in ms: a relay fills little meanwhile. */
export const ROOM_AGE_MS = 2_000

/** Bytes of mail that a log holds on average before logs are divided: so much a relay reads to serve a box. */
export const LOG_BYTES: number = 16 * 1024 * 1024

/** How old a relay's knowledge of the division into logs may be, in ms; it is renewed in half the time. */
export const LAYOUT_AGE_MS = 10_000

/** What is known of a log that is not written any more may be this old when a frame is put elsewhere, in ms. */
export const OLD_LOG_AGE_MS = 10_000

/** How old the number of boxes with mail may be before it is counted again, in ms: counting reads some logs. */
export const SURVEY_MS = 120_000

/** Logs that are counted for it. With fewer logs the number is exact. */
export const SURVEY_LOGS = 16

/** A record that is stored later than this does not hold up the next round, in ms: four times what is usual under load. */
export const ROUND_MS = 100
