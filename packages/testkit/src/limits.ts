/** Limits of the testkit. */

/** Real milliseconds a compliance case waits for something that must come; a slow machine needs some. */
export const PATIENCE_MS = 5000

/** Real milliseconds a compliance case waits before it believes that something does not come. */
export const QUIET_MS = 50

/** Turns of the event loop a virtual clock gives to promises before and after each timer. */
export const SETTLE_TURNS = 3

/** Events a simulation remembers as lines: enough to see what led to a failure. */
export const SIMULATION_TRACE_EVENTS = 400

/** Events after which a run is taken for one that never ends. */
export const MAX_SIMULATION_EVENTS = 20_000_000

/** A simulated disk refuses longer keys, in characters of their text form: real stores have a limit too. */
export const MAX_DISK_KEY_CHARACTERS = 4096

/** Virtual milliseconds until a call to a simulated relay is given up, both ways included. */
export const CALL_TIMEOUT_MS = 15_000

/** Virtual milliseconds until a lost leg of a call is sent again the first time; doubles each time, as TCP does. */
export const RETRANSMIT_MS = 1000

/** Virtual milliseconds a simulated relay keeps a reader waiting before it answers that nothing came. */
export const LONG_POLL_MS = 20_000

/** Virtual milliseconds before a watch tries again: first and longest wait. */
export const WATCH_RETRY_MS: readonly [first: number, longest: number] = [500, 30_000]

/** Boxes with mail that a bucket of a simulated relay holds in the mean, as a relay's do. */
export const BUCKET_BOXES = 64

/** Bytes of records in one answer to a bucket of them, as a relay gives: a sealed answer of 128 KiB. */
export const RECORD_PART_BYTES: number = 120 * 1024

/** What stands around the body of a record in such an answer. */
export const RECORD_OVERHEAD_BYTES = 114

/** A request for a bucket: prefix, place and limit. */
export const BUCKET_READ_BYTES = 15

/** What stands around a frame in an answer: cursor, hint and length. */
export const FRAME_OVERHEAD_BYTES = 18

/** Sizes of sealed requests and answers over two hops, as spec/relay-hops.md has them. */
export const SEALED_SIZES: readonly number[] = [8192, 131_072]

/** What a seal takes of them. */
export const SEAL_BYTES = 69

/** Deliveries in one answer of a simulated relay. */
export const DELIVERIES_PER_ANSWER = 100

/** Bytes of addresses, checksums and framing around what a call carries, roughly those of a WebSocket. */
export const CALL_OVERHEAD_BYTES = 64

/** Frames waiting in one box of a simulated relay. */
export const MAX_SIMULATED_BOX_FRAMES = 10_000

/** Bytes a link with limited bandwidth queues before it drops, unless its conditions say otherwise. */
export const LINK_QUEUE_BYTES = 65_536

/** Virtual milliseconds within which a send and a receipt somewhere else count as happening together. */
export const CO_OCCURRENCE_MS = 2000

/** Virtual milliseconds within which a write is taken for the answer to another: at once, in a minute, ten, an hour. */
export const REPLY_WINDOWS_MS: readonly number[] = [2000, 60_000, 600_000, 3_600_000]

/** Lengths of time, in virtual milliseconds, in which clients are compared by how busy they are. */
export const ACTIVITY_BINS_MS: readonly number[] = [10_000, 120_000, 1_200_000]

/** Sightings kept for one observer. */
export const MAX_SIGHTINGS = 2_000_000

/** Frames that wait for a reader of a simulated link or topic; the oldest beyond them are lost. */
export const MAX_UNREAD_FRAMES = 4096

/** Runs spent on making a failing plan smaller. */
export const MAX_SHRINK_RUNS = 200

/** Frames of 4,096 bytes sent at a reader that sleeps: more than the buffers of a system's sockets hold. */
export const LINK_FLOOD_FRAMES = 4000

/** Frames published while a subscriber sleeps. */
export const TOPIC_FLOOD_FRAMES = 300
