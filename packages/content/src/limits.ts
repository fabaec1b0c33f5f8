/** Limits of content, each with its reason; spec/content.md lists them for other implementations. */

/** One encoded message: 10,000 characters are at most 40,000 bytes; the rest is room for custom types. Larger things are files. */
export const MAX_MESSAGE_BYTES: number = 64 * 1024

/** Containers inside containers. No built-in type needs more than 2; a schema a person writes stays below 16. */
export const MAX_DEPTH = 16

/** Values in one body, containers and keys counted: bounds the objects that 64 KB can turn into. */
export const MAX_VALUES = 8192

/** Bytes of one map key: a field name, not data. */
export const MAX_KEY_BYTES = 128

/** Causal parents of a message: a conversation rarely has more open ends than it has devices writing at once. */
export const MAX_PARENTS = 16

/** Ids in one receipt: 64 × 16 bytes fit a 2048-byte frame; more ids are another receipt. */
export const MAX_RECEIPT_IDS = 64

/** `sentAt` travels as 6 bytes: milliseconds until the year 10889. */
export const MAX_SENT_AT: number = 2 ** 48 - 1

/** A type name: shown in errors and logs, so short. */
export const MAX_TYPE_NAME_CHARACTERS = 64

/** Numbered types take one byte on the wire (MessagePack positive fixint). */
export const MAX_TYPE_NUMBER = 127

/** What common file systems take for one name (ext4, APFS, NTFS: 255). */
export const MAX_FILE_NAME_BYTES = 255

/** RFC 6838 section 4.2: each half of a media type has at most 127 characters; registered ones stay below 64. */
export const MAX_MEDIA_TYPE_CHARACTERS = 129

/** 100 MB in 3988-byte chunks are 26,293; their manifests add less than one in a hundred. */
export const MAX_FILE_CHUNKS = 32_768

/** What a file may ask of a carrier: 1 Gbps. More would be a way to never let it travel. */
export const MAX_MIN_BANDWIDTH_BPS = 1_000_000_000
