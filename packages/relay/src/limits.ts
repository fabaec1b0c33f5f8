/** Limits of the relay. Those in `RelayLimits` can be set by the operator; the others follow from them. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MIB = 1024 * 1024

export interface RelayLimits {
  /** Connections at once. 10 KiB each leaves the default under 100 MiB; the rest are refused. */
  readonly connections: number
  /** Frames one box holds: a busy contact's week at 100 messages a day and a margin. */
  readonly framesPerBox: number
  /** A frame of the 30-day class waits this long at least, in ms; those of shorter classes in proportion. */
  readonly frameLifeMs: number
  /** What expires waits a random part longer, up to this fraction: when it goes does not say when it came. */
  readonly expiryJitter: number
  /** The id of a frame is remembered this long after it was stored, in ms: senders retry for days. */
  readonly idLifeMs: number
  /** Terms of a box are kept this long after they were last set, in ms: three months offline. */
  readonly termsLifeMs: number
  /** Entries a log keeps, the newest: a thousand commits. */
  readonly logEntries: number
  /** Bytes of entries a log keeps. */
  readonly logBytes: number
  /** Boxes with mail among which the reader of a bucket hides, in the mean. */
  readonly bucketBoxes: number
  /** Leading zero bits of a work ticket: 2^18 hashes are about a second on a phone. */
  readonly workBits: number
  /** Frames one connection announces per second; twice as many at once: a video call takes 50. */
  readonly announcesPerSecond: number
  /** Who may listen to one channel at once: a large call. Bounds what one frame costs. */
  readonly listeners: number
  /** A blob is kept this long after it was last put, in ms. */
  readonly blobLifeMs: number
  /** How often expired things are removed, in ms. */
  readonly sweepEveryMs: number
  /** Bytes of frames, blobs, records and items; beyond it nothing new is stored. */
  readonly storedBytes: number
  /**
   * Bytes of the disk under the embedded store, but no more than half of all, that are left for acknowledgements
   * and for what LevelDB writes to make room; below it nothing new is stored. Three segments, and some of its files.
   */
  readonly diskReserveBytes: number
  /** From the TCP connection to the end of the upgrade request, in ms: a slow handshake holds a socket. */
  readonly handshakeMs: number
  /** From the first to the last byte of one message, in ms: 2.25 MiB at 1 Mbit/s takes 19 s. */
  readonly messageMs: number
  /** Bytes of unfinished messages over all connections; above it the largest are cut off. */
  readonly unfinishedBytes: number
  /** Fragments of one message. Browsers cut a message at 16 KiB or more: 144 for the largest. */
  readonly fragments: number
  /** Bytes per second and connection, above which the relay stops reading for a while. */
  readonly bytesPerSecond: number
  /** Operations per second and connection, above which the relay stops reading for a while. */
  readonly operationsPerSecond: number
  /** Operations that cost a signature check or an item, per second and connection, beyond the burst. */
  readonly costlyPerSecond: number
  /** Costly operations at once: a node with as many contacts opens its boxes when it comes online. */
  readonly costlyBurst: number
  /** REST requests per second and address, beyond the burst: a script that polls, behind one address with others. */
  readonly restPerSecond: number
  /** REST requests at once. */
  readonly restBurst: number
  /** WebSocket pings and pongs per second and connection: clients of this protocol send none. */
  readonly controlPerSecond: number
  /** Boxes open on one connection. */
  readonly openBoxes: number
  /** Watches on one connection. */
  readonly watches: number
  /** Bytes of answers being prepared or not yet read by the peer; above it the connection's work waits. */
  readonly answerBytes: number
  /** A peer that reads nothing of what waits for it is disconnected after this time, in ms. */
  readonly slowReaderMs: number
  /** A silent peer is pinged after this time, and dropped after twice as much, in ms. */
  readonly silentMs: number
  /** How long a relay says that it is not ready before it closes, in ms: what spreads load has to hear of it. */
  readonly drainDelayMs: number
  /** How long a closing relay waits for its work and its peers, in ms. */
  readonly drainMs: number
}

export const DEFAULT_LIMITS: RelayLimits = {
  connections: 10_000,
  framesPerBox: 1024,
  frameLifeMs: 30 * DAY,
  expiryJitter: 1 / 8,
  idLifeMs: 7 * DAY,
  termsLifeMs: 90 * DAY,
  logEntries: 1024,
  logBytes: 4 * MIB,
  bucketBoxes: 64,
  workBits: 18,
  announcesPerSecond: 500,
  listeners: 256,
  blobLifeMs: 30 * DAY,
  sweepEveryMs: HOUR,
  storedBytes: 64 * 1024 * MIB,
  diskReserveBytes: 256 * MIB,
  handshakeMs: 5_000,
  messageMs: 20_000,
  unfinishedBytes: 64 * MIB,
  fragments: 256,
  bytesPerSecond: 64 * MIB,
  operationsPerSecond: 50_000,
  costlyPerSecond: 200,
  costlyBurst: 4096,
  restPerSecond: 100,
  restBurst: 1000,
  controlPerSecond: 10,
  openBoxes: 8192,
  watches: 8192,
  answerBytes: 2 * MIB,
  slowReaderMs: 15_000,
  silentMs: 60_000,
  drainDelayMs: 0,
  drainMs: 5_000,
}

/** Terms of boxes that were asked for last, in memory: 64 Ki entries take about 10 MiB. */
export const MAX_CACHED_TERMS: number = 64 * 1024

/** A capability is good for this long at most, in ms, so that its count is not kept for ever. */
export const MAX_CAPABILITY_MS: number = 400 * DAY

/**
 * Bits by which a bucket may be larger than it has to be, 512 times: boxes are not people. A node that hides has new
 * boxes each day, and decoys, so that in a month 250 boxes with mail are one reader's.
 */
export const BUCKET_SLACK_BITS = 9

/** So many bits are always enough: a reader of one bucket in 32 cannot be made to ask for less. */
export const SERVED_BUCKET_BITS = 5

/** Boxes put into the index of buckets between two turns of the event loop: some milliseconds. */
export const INDEX_STEP = 8192

/** Most frames of one answer to a bucket fetch, and how many of them cost as much as a signature check. */
export const MAX_BUCKET_PAGE = 1024
export const BUCKET_FRAMES_PER_COST = 64

/** Most records of one answer to a bucket of records: as many of the smallest as its bytes hold. */
export const MAX_RECORD_PAGE = 512

/** Addresses whose records are read for one such answer: half a MiB of the largest, and more than fit of usual ones. */
export const RECORD_READ = 64

/** What such an answer costs, in signature checks: up to 2,600 hashes and 120 KiB. */
export const RECORD_BUCKET_COST = 4

/** How long the number of boxes is taken for granted, in ms. */
export const ANONYMITY_CACHE_MS = 1_000

/** What a full channel tells those who want to listen to wait, in ms. */
export const CHANNEL_RETRY_MS = 10_000

/** One-time items that wait in a stock: four uploads of the largest size. */
export const MAX_STOCK_ITEMS = 1024

/** Requests of one batch: bounds the memory of a batch and the answers that leave in one turn. */
export const MAX_BATCH_JOBS = 8192

/** Bytes of requests of one batch, above which the rest waits for the next: a fifth of a segment with all its rows. */
export const MAX_BATCH_BYTES: number = 2 * MIB

/**
 * Bytes of requests that wait for the disk, over all connections; above it connections are not read. Two batches of a
 * thousand frames: what waits in sockets costs nothing, what waits here lives long enough to burden the collector.
 */
export const MAX_QUEUED_BYTES: number = MIB / 2

/** Keys handled in one sweep step, so that a sweep never holds up requests. */
export const SWEEP_STEP = 512

/** Frames of one entry of what is due: 9 KiB. */
export const DUE_PAGE_FRAMES = 128

/**
 * Windows in the life of an id. Frames of one entry are due in one window: fewer and longer ones make larger entries,
 * and each sweep writes again what it finds in an entry that is not due yet.
 */
export const DUE_WINDOWS = 16

/** Entries of a backup read at once: 4 MiB of the largest, and a backup never holds up requests for long. */
export const SNAPSHOT_CHUNK = 512

/** One block of a backup file; blocks are ended at half of it, and no entry is larger than the other half. */
export const MAX_BACKUP_BLOCK_BYTES: number = 8 * MIB

/** Positions a restored relay passes over: more than one could have given out since its backup. */
export const RESTORE_JUMP: number = 2 ** 32

/** Pause before a failed database is opened again, in ms. */
export const REOPEN_MS = 1_000

/** What a failed store tells clients to wait, in ms. */
export const STORAGE_RETRY_MS = 5_000

/** A small disk keeps 1/n of itself instead of `diskReserveBytes`. */
export const DISK_RESERVE_SHARE = 2

/** How often it is looked how much room the disk has, in ms: at 100 MB/s, a fifth of what is kept. */
export const DISK_LOOK_MS = 500

/** What a full box tells senders to wait, in ms. */
export const BOX_FULL_RETRY_MS: number = MINUTE

/** A peer reads at least this much, or all there is, in `slowReaderMs`. */
export const MIN_READ_BYTES: number = 64 * 1024

/** Answers gathered in one WebSocket message: the first leave early, few are cut. */
export const TARGET_MESSAGE_BYTES: number = 256 * 1024

/** How long a peer that is sent away may take to close, in ms. */
export const CLOSE_MS = 1_000

/** One probe of the store answers everyone who asks within this time, in ms. */
export const READY_CACHE_MS = 1_000

/** Addresses whose rates are remembered: 16 Ki take about 8 MiB. */
export const MAX_CLIENTS: number = 16 * 1024

/** One client's part of the bytes of bodies, as 1/n: 8 MiB by default, more than the largest body. */
export const BODY_SHARES = 8

/** A signed request is believed this long after it was made, and this long before: clocks differ, in ms. */
export const SIGNATURE_WINDOW_MS: number = 5 * MINUTE
export const SIGNATURE_SKEW_MS: number = MINUTE

/** Nonces remembered: 700 signed requests a second for as long as one is believed, about 70 MiB. */
export const MAX_NONCES: number = 256 * 1024

/** One client's part of them, as 1/n: 91 a second all the time, so that no few of them take the room of all others. */
export const NONCE_SHARES = 8

/** A sign of life on a stream of events: proxies cut what is silent for a minute, in ms. */
export const HEARTBEAT_MS = 20_000

/** A stream of events ends after this time, so that a client that forgot it does not hold it for ever, in ms. */
export const MAX_STREAM_MS: number = 10 * MINUTE

/** Frames that wait for a slow reader of a stream. */
export const STREAM_FRAMES = 64

/** Where a relay listens unless told otherwise. */
export const DEFAULT_PORT = 7700

/** A configuration file: every setting once takes under 4 KiB. */
export const MAX_CONFIG_BYTES: number = 64 * 1024

/** What a relay may take beyond `drainMs` to close its store, in ms; then the program ends all the same. */
export const DRAIN_MARGIN_MS = 10_000

/** A request to the admin port or the control socket has a few header lines, in ms. */
export const ADMIN_DEADLINE_MS = 5_000

/** Longest path of a socket on Linux; macOS takes 103. */
export const MAX_SOCKET_PATH_BYTES = 103

/** HTTP request head: an upgrade request of a browser takes under 2 KiB. */
export const MAX_HTTP_HEADER_BYTES: number = 8 * 1024

/** Frames a watch reads from disk at once: 256 KiB of the largest. */
export const WATCH_READ = 64

/** LevelDB's memory table and block cache, in bytes. */
export const WRITE_BUFFER_BYTES: number = 16 * MIB
export const BLOCK_CACHE_BYTES: number = 32 * MIB

/**
 * A file of the journal, and its image in memory; three are in use under load. Large enough that most frames are
 * fetched and deleted before it is full, small enough that a restart reads all of them in a moment.
 */
export const SEGMENT_BYTES: number = 16 * MIB

/** Segments that may be on their way into LevelDB before a writer has to wait. */
export const SPARE_SEGMENTS = 2

/** Boxes without mail that the index of positions still holds: what a busy relay empties and fills again, in a few MB. */
export const KEPT_EMPTY_BOXES = 16_384

/** Rows added to a LevelDB batch in one turn: about half a millisecond. */
export const CARRY_ROWS = 256

/** Between them: what is left of a segment of 10,000 messages a second goes over in the time the next is half full. */
export const CARRY_PAUSE_MS = 8

/**
 * Bytes of rows of one synced LevelDB batch. While LevelDB takes one in and syncs it the journal's writes take many times
 * as long: the longer the larger it is, and the more often the smaller it is.
 */
export const CARRY_BATCH_BYTES: number = MIB / 4

// ── Services ────────────────────────────────────────────────────────────────────────────────────────────

/** Key of a row: three names of 32 bytes, with room. */
export const MAX_ROW_KEY_CHARS = 512

/** A row of a service: half of what a NATS server takes in a message by default. */
export const MAX_ROW_BYTES: number = MIB / 2

/** What may be asked for once is remembered this long at most, in ms: signatures and sealed requests last minutes. */
export const MAX_ONCE_MS: number = HOUR

/** Changes of services that are stored together. */
export const MAX_TOGETHER = 64

/** Bytes of what one change, and all that are stored together, writes: with what is around it below a row's. */
export const MAX_CHANGE_BYTES: number = MIB / 4

/** Changes that are named in the last one, so that who did not hear of his own finds it there. */
export const NAMED_CHANGES = 64

/** A removed row is known to be removed this long, in ms: longer than any relay is held up amid a change. */
export const REMOVED_MS: number = DAY

/** How often a change is tried again because others were faster: each time one of them has changed something. */
export const MAX_CHANGE_TRIES = 64

/** The longest pause before it, in ms. */
export const CHANGE_PAUSE_MS = 50

// ── Hops and push ───────────────────────────────────────────────────────────────────────────────────────

/** How far the clock of a sealed request may be off, in ms; it is remembered twice as long against replay. */
export const HOP_WINDOW_MS: number = 5 * MINUTE

/** Sealed requests remembered in ten minutes: 333 a second, 15 MB. Beyond it they are told to wait. */
export const MAX_HOP_REPLAYS = 200_000

/** One connection's part of them, as 1/n: 83 a second, so that none takes the room of all others. */
export const HOP_REPLAY_SHARES = 4

/** A relay makes a new key for sealed requests each this long, in ms, and opens those of the two before. */
export const HOP_KEY_EPOCH_MS: number = 30 * DAY

/** Sealed requests per second and connection: an X25519 and a few signatures each; an entry brings many clients'. */
export const HOPS_PER_SECOND = 1_000
export const HOPS_BURST = 4_096

/**
 * What all that one connection brings sealed may cost and announce together, in connections: an entry brings many
 * clients', and one of them has to sign in about as often as it asks.
 */
export const HOP_CONNECTIONS = 8

/** Requests that one connection may have on their way through an entry. */
export const MAX_FORWARDS = 256

/** How long an entry waits for the second relay, in ms: shorter than clients wait for it. */
export const FORWARD_TIMEOUT_MS = 20_000

/** What an entry tells clients to wait when the second relay cannot be reached, in ms. */
export const PEER_RETRY_MS = 5_000

/** What is known of a box that wants to be woken, or does not, may be this old, in ms. */
export const PUSH_CACHE_MS: number = MINUTE

/** Boxes of which that is held in memory: about 10 MiB. */
export const MAX_PUSH_CACHED: number = 64 * 1024

/** How long a wake waits, in ms, where another relay may have a reader of the box: he has fetched by then. */
export const WAKE_SETTLE_MS = 1_000

/**
 * A wake that a relay has claimed and not brought to an end in this time is another's, in ms: longer than a gateway may
 * take to answer, and a store that does not at first.
 */
export const WAKE_LEASE_MS: number = MINUTE

/** How often it is looked for such wakes, in ms. */
export const WAKE_LOOK_MS: number = MINUTE / 2

/** What is left of a wake that nobody took over is forgotten after this time, in ms. */
export const WAKE_CLAIM_MS: number = HOUR

/** While one relay turns vouchers into money no other does, in ms. */
export const SETTLE_TURN_MS: number = 10 * MINUTE

/** After a wake the box is quiet for this long, in ms: what comes meanwhile is one wake at its end. */
export const WAKE_PAUSE_MS: number = MINUTE

/** How often it is looked whose pause is over, in ms. */
export const WAKE_TICK_MS = 1_000

/** Wakes on their way at once; further ones wait for the next look. */
export const MAX_WAKES = 64

/** A registration ends when it was not renewed for this long, in ms: subscriptions of browsers end too. */
export const PUSH_LIFE_MS: number = 90 * DAY

/** Pushes to one endpoint, per second and at once: whatever relays say, a phone is not woken more often. */
export const PUSH_PER_SECOND = 0.1
export const PUSH_BURST = 5

/** Pushes to all endpoints of one origin, per second and at once: the large push services serve millions from one. */
export const PUSH_ORIGIN_PER_SECOND = 50
export const PUSH_ORIGIN_BURST = 500

/** Endpoints, and origins, whose rate is remembered; beyond it the one that was used longest ago is forgotten. */
export const MAX_PUSH_ENDPOINTS = 100_000

/** Wakes that one connection may ask for, per second and at once: a relay brings those of all its boxes. */
export const WAKES_PER_SECOND = 200
export const WAKES_BURST = 1_000

/** How long a push service may take, in ms. */
export const PUSH_TIMEOUT_MS = 10_000

/**
 * Pushes on their way at once, over all who ask: endpoints are strangers', and one that never answers holds a socket for
 * as long as a push may take. At 100 ms each these are 2,560 a second.
 */
export const MAX_PUSHES = 256

/** A push service keeps a wake this long for a phone that is off, in seconds. */
export const PUSH_TTL_S: number = 24 * 60 * 60

/** What the gateway says when the push service has failed, in ms. */
export const PUSH_RETRY_MS = 30_000
