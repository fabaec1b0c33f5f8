/** Limits of the PostgreSQL engine. spec/relay-engines.md section 3. */

/** Connections for reading and small changes; batches and listening have their own. */
export const POOL_SIZE = 8

/** A connection attempt, in ms. */
export const CONNECT_MS = 5_000

/** A statement that takes longer is cancelled, in ms: the slowest is a sweep's. */
export const STATEMENT_MS = 60_000

/** Puts or acknowledgements of one transaction. */
export const MAX_BATCH = 1_000

/** Bytes of frames in one transaction: bounds what a statement holds in memory. */
export const MAX_BATCH_BYTES: number = 2 * 1024 * 1024

/** How long a change is tried again before it is refused: a server that crashed replays its log first. */
export const PATIENCE_MS = 20_000

/** Pause before a failed transaction is repeated, in ms. */
export const RETRY_MS = 100

/** What the owner of a box has set may be this old, in ms. */
export const TERMS_AGE_MS = 60_000

/** Rows a sweep removes in one transaction, so that it never holds up requests. */
export const SWEEP_ROWS = 5_000

/** Figures of what is stored are counted again after this time, in ms: counting reads every frame's entry. */
export const STATS_AGE_MS = 60_000

/** What is stored is compared with the limit of stored bytes this often, in ms: a relay fills little meanwhile. */
export const ROOM_AGE_MS = 2_000

/** What the names and times of an id, a use or a log take, in bytes. */
export const ROW_BYTES = 64

/** Uses are forgotten this long after their time: a relay whose clock is behind still takes what was used, in ms. */
export const SPEND_SLACK_MS: number = 60 * 60 * 1000
