/** Every bound of this package, with its reason. */
import { MAX_FILE_BYTES } from '@hyphae/core'
import { CHUNK_BYTES } from '@hyphae/tlv'

/** Bytes of one object: one file, sealed chunk frames included (4,096 bytes for 3,988), rounded up. */
export const MAX_OBJECT_BYTES: number = Math.ceil(MAX_FILE_BYTES / CHUNK_BYTES) * 4352

/** Bytes of a block: what a chunk frame carries, so that a block and what stands around it fit one frame. */
export const BLOCK_BYTES: number = CHUNK_BYTES

/** Hashes in one node of the tree: as many as fit a block. Four levels hold the largest object. */
export const FAN_OUT: number = Math.floor(BLOCK_BYTES / 32)

/** Blocks of the largest object, nodes included. A description that claims more is refused before anything is sized. */
export const MAX_BLOCKS = 29_000

/** Encoded header: 270 bytes with every field, and room for fields to come. */
export const MAX_HEADER_BYTES = 512

/** Name of a mutable object: a hash, or 32 characters. */
export const MAX_NAME_BYTES = 32

/** An object lives a month at most: as long as a relay keeps mail. */
export const MAX_TTL_SECONDS: number = 30 * 24 * 60 * 60

/** The highest bandwidth an object may ask for: 1 Gbps. More would be a way to never let it travel. */
export const MAX_MIN_BANDWIDTH_BPS = 1_000_000_000

/** A message of the exchange fits one 4,096-byte frame behind the frame's 5 bytes. */
export const MAX_MESSAGE_BYTES = 4091

/** Hashes in one hint, question or answer: 3.4 KB. */
export const MAX_HASHES = 100

/** Descriptions in one digest: as many of the shortest kind as fit a frame. */
export const MAX_DIGEST_ENTRIES = 48

/** Ranges in one request: 1 KB; what is more scattered is asked for in a bitmap, or later. */
export const MAX_RANGES = 128

/** Bytes of a bitmap in a request: 2,048 blocks, 8 MB. */
export const MAX_BITMAP_BYTES = 256

/** Messages of one neighbour that have not all their frames yet; an honest one sends them one after the other. */
export const MAX_OPEN_MESSAGES = 4

/** Blocks asked for at once from one neighbour for one object: 256 KB under way. */
export const MAX_WINDOW = 64

/** Blocks under way on a slow link: what it carries in so many seconds, at least one. */
export const WINDOW_SECONDS = 10

/** Objects asked for at the same time from one neighbour. */
export const MAX_ASKS = 32

/** Hashes of a neighbour's hints that wait to be asked for. */
export const MAX_HINTS_WAITING = 1024

/** Small messages that wait for the link; beyond them the oldest announcements are forgotten. */
export const MAX_WAITING_MESSAGES = 256

/** Windows of requested blocks that wait to be sent to one neighbour, over all objects. */
export const MAX_JOBS = 16

/** A neighbour gets each object so many times over, with what was lost on the way, until it is reset. */
export const SERVE_FACTOR = 4

/** The count of what a neighbour got starts again after this. */
export const SERVE_RESET_MS: number = 60 * 60 * 1000

/** Without anything of what was asked for arriving for so long, it is asked for again (system 3). */
export const BLOCK_TIMEOUT_MS = 30_000

/** A neighbour that trickles bytes keeps a question open so long at most: ten windows of the slowest radio. */
export const MAX_ANSWER_MS: number = 10 * 60 * 1000

/** Waits before asking again, each cut at random to between half and all (system 3; hostile case 54). */
export const RETRY_MS: readonly number[] = [2_000, 4_000, 8_000]

/** A neighbour that says hello is told everything, so often within HELLO_INTERVAL_MS: it may restart a few times. */
export const MAX_TELLINGS = 3
export const HELLO_INTERVAL_MS = 90_000

/** Above it a small object is announced by sending it whole (system 3). */
export const PUSH_ABOVE_BPS = 1_000_000

/** Above it objects are announced by their descriptions, below it by 32-byte hints (system 3). */
export const DIGEST_ABOVE_BPS = 10_000

/** Below it frames are cut to the fewest bytes; from it on they are 2,048 or 4,096 bytes. */
export const THIN_BELOW_BPS = 10_000

/** Neighbours of one node, over all links. */
export const MAX_NEIGHBOURS = 256

/** Faulty messages of one neighbour, after which it is not heard for MUTE_MS. */
export const MAX_FAULTS = 32
export const MUTE_MS: number = 10 * 60 * 1000

/** Descriptions kept, of objects that are here, on their way, or known of only. */
export const MAX_OBJECTS = 4096

/** Payload and tree kept for all objects together, when nothing else is said. */
export const DEFAULT_QUOTA_BYTES: number = 256 * 1024 * 1024

/** One neighbour's objects may take this part of the quota, so that one that floods leaves room for others. */
export const NEIGHBOUR_SHARE = 0.5

/** Objects whose hash is remembered after they were dropped, so that they are not fetched again at once. */
export const MAX_DROPPED = 4096

/** Ephemeral objects held in memory, each one block at most. */
export const MAX_EPHEMERAL = 256

/** Blobs in one pack: what a messenger stores in one call. */
export const MAX_PACK_BLOBS = 1024

/** Bytes of one blob: a chunk frame. */
export const MAX_BLOB_BYTES = 4096

/** Events that wait for a reader; then the oldest are lost: the state they speak of can be asked. */
export const MAX_WAITING_EVENTS = 1024

/** Longest wait between two hellos to somebody who never answered. */
export const MAX_HELLO_MS: number = 5 * 60 * 1000

/** Nobody sleeps longer: a clock may be set, and what comes meanwhile may live shorter than what was there. */
export const LONGEST_SLEEP_MS: number = 60 * 1000

/** Blocks of an object of one's own that are written in one transaction: 4 MB. */
export const OWN_BATCH = 1024
