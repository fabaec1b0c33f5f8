/** Every bound of the group layer, with its reason. */

/** Leaves in one group: what the layer is built and measured for. */
export const MAX_MEMBERS = 1500

/** A device certificate is at most 360 bytes; four times that leaves room for what an application adds. */
export const MAX_CREDENTIAL_BYTES = 1536

/** One KeyPackage: keys, capabilities and signatures take 2,660 bytes beside the credential in suite 83, 420 in others. */
export const MAX_KEY_PACKAGE_BYTES = 4608

/** One PrivateMessage: adding all of 1,500 members in one commit takes about 1,500 × a KeyPackage of 700 bytes. */
export const MAX_MESSAGE_BYTES: number = 2 * 1024 * 1024

/** A Welcome carries the tree (1,500 leaves, inner nodes) and about 250 bytes for each joiner. */
export const MAX_WELCOME_BYTES: number = 4 * 1024 * 1024

/** A snapshot holds the tree and the secret tree of this epoch and of the past ones that are kept. */
export const MAX_SNAPSHOT_BYTES: number = 64 * 1024 * 1024

/** A head row: a group context with extensions, a key schedule, pending proposals of all members, five contexts. */
export const MAX_HEAD_BYTES: number = 16 * 1024 * 1024

/** Nodes in one chunk of a tree, and in one row of a stored one: 16 to 40 KB, of which a commit changes about five. */
export const TREE_CHUNK_NODES = 128

/** 64 leaves with the largest credentials and 64 parents with all members unmerged stay below this. */
export const MAX_CHUNK_BYTES: number = 1024 * 1024

/** One application message; what is longer travels as a blob. */
export const MAX_PLAINTEXT_BYTES: number = 256 * 1024

/** Authenticated data is readable beside the ciphertext: ids and counters, not content. */
export const MAX_AAD_BYTES = 4096

/** Label and context of an exported secret are names, not content. */
export const MAX_EXPORT_CONTEXT_BYTES = 4096
/** RFC 5869 section 2.3: 255 blocks of SHA-256. */
export const MAX_EXPORT_BYTES: number = 255 * 32

/** Past epochs whose application messages can still be read: mail that crossed a commit on its way. */
export const PAST_EPOCHS = 4

/** Messages of one sender that may be missing before one that arrives; bounds the work a forged counter costs. */
export const MAX_SKIPPED_MESSAGES = 300

/** Skipped keys kept for each sender: a full reversal of what may be skipped. */
export const KEPT_GENERATIONS: number = MAX_SKIPPED_MESSAGES

/** Pending proposals of one member in one epoch: it needs one to leave and one to update, and may repeat them. */
export const MAX_PENDING_PROPOSALS = 4

/** Our KeyPackages live four weeks: an inviter may find one that long after it was published. */
export const KEY_PACKAGE_LIFETIME_SECONDS: number = 28 * 24 * 3600
/** One-time KeyPackages kept on offer: as many invitations as may come while a device is offline. */
export const KEY_PACKAGE_POOL_SIZE = 32
/** No application needs more on offer; bounds what a pool costs to store and to publish. */
export const MAX_KEY_PACKAGE_POOL = 256
/** A KeyPackage that ends sooner is replaced: whoever fetches one now must have time to use it. */
export const KEY_PACKAGE_RENEWAL_SECONDS: number = 7 * 24 * 3600
/** A stored pool: entries and the references of those that were used, at most four times as many. */
export const MAX_POOL_BYTES: number = 2 * 1024 * 1024

/** A member's keys are refreshed this often, so that keys that were stolen open at most that much. */
export const ROTATION_PERIOD_MS: number = 7 * 24 * 3600 * 1000
/** Each member's turn is this part of the period early or late, so that members do not commit at once. */
export const ROTATION_JITTER = 0.25
/** Each refresh is a commit that all members process: a large group gives each of them at least this long. */
export const ROTATION_SPACING_MS: number = 15 * 60 * 1000

/** Clocks of inviter and invited may differ by this much. */
export const CLOCK_SKEW_SECONDS: number = 24 * 3600
/** RFC 9420 section 7.2 asks for a maximum: nobody should be invited with keys older than a month. */
export const MAX_LIFETIME_SECONDS: number = 31 * 24 * 3600
/**
 * A commit may be read this long after it was made. A KeyPackage that has expired since then was good when
 * it was used, and refusing it would cut the late reader off for good.
 */
export const LATE_COMMIT_SECONDS: number = 90 * 24 * 3600

/** Epochs are shown as numbers; no group commits this often. */
export const MAX_EPOCH: bigint = BigInt(Number.MAX_SAFE_INTEGER)

/** Admins of one group: enough to share the work, few enough that everybody can name them. */
export const MAX_ADMINS = 4
/** An account is a 32-byte key or the hash of one; twice that leaves room for another kind. */
export const MAX_ACCOUNT_BYTES = 64
/** One extension of a GroupContext: four admins take under 300 bytes, those of other programs not much more. */
export const MAX_EXTENSION_BYTES = 4096
