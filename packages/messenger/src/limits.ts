/** Limits of the node, each with its reason. */
import { MAX_RECEIPT_IDS } from '@hyphae/content'
import { MAX_ADMINS } from '@hyphae/mls'

/** KeyPackages are five times as large as prekeys and used only when somebody is added to a group. */
export const KEY_PACKAGE_BATCH = 20
export const KEY_PACKAGE_LOW = 5
/** Bytes of items in one upload: a sealed request over two hops holds 128 KiB. */
export const STOCK_PART_BYTES: number = 96 * 1024
/** How often stock and record are looked at when nothing else asks for it. */
export const UPKEEP_INTERVAL_MS: number = 60 * 60 * 1000
/** A first start waits this long for its own publication, so that its id can be used at once. */
export const FIRST_PUBLISH_WAIT_MS = 5_000
/** A contact's record older than this is looked up again when a conversation is opened. */
export const RECORD_REFRESH_MS: number = 60 * 60 * 1000

/** Fragments of one content: MAX_MESSAGE_BYTES of @hyphae/content (64 KiB) over 1,953 bytes each, rounded up. */
export const MAX_FRAGMENTS = 34
/** Unfinished contents per sender and place; an honest sender finishes one before the next. */
export const MAX_OPEN_FRAGMENT_SETS = 8

/**
 * How long one box of a session is written to: a relay sees one box through one day. Shorter epochs would have more
 * boxes read at once than anybody is told apart by.
 */
export const BOX_EPOCH_MS: number = 24 * 60 * 60 * 1000
/** Epochs that a writer may be ahead of what its reader has confirmed: the reader has so many empty boxes open. */
export const BOX_LEAD = 1
/** A u16; 179 years of days. */
export const MAX_BOX_EPOCH = 0xffff
/** A replaced box is closed when it is empty and so much time has gone by: what is slow or repeated still comes. */
export const BOX_CLOSE_AFTER_MS: number = 3 * 24 * 60 * 60 * 1000
/** How long one intro box stands in the published certificate. */
export const INTRO_EPOCH_MS: number = 7 * 24 * 60 * 60 * 1000
/** A replaced intro box is read on: a relay keeps mail for 34 days, and some know only an old certificate. */
export const INTRO_CLOSE_AFTER_MS: number = 40 * 24 * 60 * 60 * 1000
/**
 * How long a member of a group is written to at the box it told of last: longer than a relay keeps what may tell of a
 * later one, and shorter than a replaced box is read. Afterwards at the credential's, which is always read.
 */
export const GROUP_BOX_TRUST_MS: number = 35 * 24 * 60 * 60 * 1000
/** Boxes of one group that are read besides the credential's: 41 days of turns, and a few of a clock that jumps. */
export const MAX_OPEN_GROUP_BOXES = 48
/**
 * Bits that all boxes of a device begin with: 32 homes, found at the price of 32 keys a box. A reader by buckets asks
 * for no more bits than these, whatever a relay says of its crowd, so that one bucket is all it reads.
 */
export const HOME_BITS = 5

/** What a node that is not thin sends. */
export const STANDARD_FRAME_BYTES = 2048
/** Mean pause between two slots in ms, for sending and for reading: letters. Costs: spec/privacy.md section 9. */
export const LOW_SEND_MS: number = 3 * 60 * 1000
export const LOW_READ_MS: number = 2 * 60 * 1000
/** For both: a conversation that does not drag. */
export const HIGH_PACE_MS: number = 10 * 1000
/**
 * Bits fewer than the relay recommends: it counts boxes with mail, and a month of a strict node's are 6 decoys and some
 * contacts a day, 256 boxes.
 */
export const READER_BITS = 8
/**
 * Boxes that cover goes to besides contacts'. Each is a slot less for those, and one more that every contact may be
 * mistaken for.
 */
export const DECOYS = 6
/**
 * Boxes of groups that cover goes to: one group of 33, or eight of five. Each makes everything else wait a mean pause
 * longer, and a group that is covered in part shows by the rest when something is said in it.
 */
export const COVERED_GROUP_BOXES = 32
/** A strict node takes a session for lost when its peer was not heard for so long: two slow ways there and back. */
export const STRICT_SILENCE_MS: number = 2 * 24 * 60 * 60 * 1000
/**
 * A contact's box gets cover for so long after it was last turned to, and a group's boxes after the group was last written
 * to: those who never answer do not for ever.
 */
export const COVERED_MS: number = 7 * 24 * 60 * 60 * 1000
/**
 * The same for records, which are one a device: 8 times as many as a relay recommends, for those of people who are gone
 * and for what somebody publishes to make crowds small. About 1,024 records of 2 KB, 2 MB a lookup.
 */
export const LOOKUP_BITS = 3
/** Parts of a bucket of records that one lookup takes: 128 MB of sealed answers, and no relay keeps one asking for ever. */
export const MAX_LOOKUP_PARTS = 1024
/**
 * A bundle out of a record that was fetched so long ago is used: its prekey is kept for two weeks after it was replaced,
 * and the handshake may be on its way for as long.
 */
export const BUNDLE_FRESH_MS: number = 24 * 60 * 60 * 1000
/** How long what a relay says of its crowd is believed: crowds change in days. */
export const BITS_FRESH_MS: number = 60 * 60 * 1000
/** Frames of a bucket asked for at once: what a large answer of the second relay holds. */
export const BUCKET_PAGE = 56
/**
 * Newest frames of each bucket kept in memory, 1 MiB, and read again at a start: where frames go to several relays one may
 * be read before what says that it is awaited. What waits for a Welcome is kept in the store (awaited.ts).
 */
export const RECENT_FRAMES = 512
/** A bucket that has had nothing new for so long is read from its beginning. */
export const QUIET_BUCKET_MS: number = 24 * 60 * 60 * 1000

/** Frames handed to the carriers in one call: one relay message of 128 KiB. */
export const OUTBOX_BATCH = 64
/** Frames that carriers are storing at one time, in several calls: 16 MB of the largest. */
export const MAX_STORING = 4096
/** First wait after a failed put or watch, doubled up to the cap, with jitter (hostile case 54). */
export const RETRY_FIRST_MS = 200
export const RETRY_CAP_MS = 30_000

/** Messages sealed again for a device that has left a session: a busy week, and at most 7 MB of the longest texts. */
export const MAX_RESENT = 100
/** Messages that wait to be confirmed until there is a session to do it in; later ones are, when their sender sends them again. */
export const MAX_OWED: number = MAX_RECEIPT_IDS
/** Devices of one account that a message is sent to. */
export const MAX_DEVICES = 32

/** KeyPackages that one device was given and that still let it add this one to a group: one that waits, and one on its way. */
export const MAX_GIVEN_KEY_PACKAGES = 2
/** One that was given so long ago is replaced, and used for a week more: they live for 28 days, the Welcome's way included. */
export const SPARE_RENEW_MS: number = 14 * 24 * 60 * 60 * 1000
export const SPARE_FRESH_MS: number = 21 * 24 * 60 * 60 * 1000
/** Who has been asked for one and has not answered is asked again: slots there and back take hours. */
export const ASK_AGAIN_MS: number = 6 * 60 * 60 * 1000

/** Accounts that may change one group: what `@hyphae/mls` allows. */
export const MAX_GROUP_ADMINS: number = MAX_ADMINS
/** Members of a group in this version: a Welcome carries the tree, about 700 bytes a member, in one content. */
export const MAX_GROUP_MEMBERS = 64
/**
 * Outer keys of a group's epochs that are kept: who has missed 64 epochs in which this node committed or spoke, or that
 * it followed, is not heard here. They open no content.
 */
export const KEPT_GROUP_KEYS = 64
/** Frames of a group are read on after another has removed this device: its removal may lose to a rival commit. */
export const REMOVAL_DOUBT_MS: number = 24 * 60 * 60 * 1000
/** How often a group in which something waits is looked at: what `@hyphae/mls/order` asks for. */
export const GROUP_TICK_MS = 1_000
/** A stall is tended less often the longer it lasts, in this part of its age; and at last once in so long. */
export const STALL_PART = 8
export const STALL_CAP_MS: number = 60 * 60 * 1000
/** Group frames that arrived before the commit they depend on. */
export const MAX_EARLY_FRAMES = 256

/** Chunk frames uploaded or fetched in one call: 256 KiB. */
export const BLOB_BATCH = 64
/** Of one file: the next is on its way while the last is confirmed. 20 MB over 100 Mbit/s and 30 ms: 3.7 s, not 5.2 s. */
export const FILE_BATCHES_AT_ONCE = 2
/** Of all files: 2 MiB in memory, and four files that go on while others hang on a slow carrier. */
export const BATCHES_AT_ONCE = 8
/** Ids of the latest messages that a new message names as its parents. */
export const MAX_HEADS = 8

/** A file that keeps a carrier busy for longer waits for a faster one, up to SLOW_CARRIER_BPS, when its sender says nothing. */
export const QUICK_FILE_SECONDS = 60
/** Below it frames are small and every byte counts: the border of `thin`. */
export const SLOW_CARRIER_BPS = 10_000
/** The slowest LoRa. What goes over it in time goes over anything, so nothing need be said. */
export const SLOWEST_CARRIER_BPS = 300
/** Frames of a half-fetched file are kept as long as relays keep theirs. */
export const KEPT_DOWNLOAD_MS: number = 30 * 24 * 60 * 60 * 1000
