/** Limits of the stores: each bounds memory or work that a caller, or a damaged disk, could ask for. */

/** A table name and what identifies a record; the deepest key in use has five parts. */
export const MAX_KEY_PARTS = 16

/** Encoded key. LevelDB compares and IndexedDB copies keys whole, so they stay short. */
export const MAX_KEY_BYTES = 1024

/** One value. The largest in use is the state of a group of 1,500 members, a few MiB. */
export const MAX_VALUE_BYTES: number = 16 * 1024 * 1024

/** All keys and values written by one transaction: held in memory until the batch is on disk. */
export const MAX_TRANSACTION_BYTES: number = 64 * 1024 * 1024

/** Transactions stop joining a waiting batch beyond this and wait for the one being written. */
export const MAX_GROUP_BYTES: number = 4 * 1024 * 1024

/** Default cost of a passphrase: 128 MiB and, measured on one machine with node:crypto, a quarter of a second, once, at open. */
export const DEFAULT_SCRYPT: { readonly N: number; readonly r: number; readonly p: number } = {
  N: 2 ** 17,
  r: 8,
  p: 1,
}

/** Memory (128·N·r) that a header read from disk may make scrypt take: a forged header asks for no more. */
export const MAX_SCRYPT_BYTES: number = 256 * 1024 * 1024

/** Passes that a header read from disk may ask for: bounds time where MAX_SCRYPT_BYTES bounds memory. */
export const MAX_SCRYPT_PASSES = 4

/** Blinded table names kept ready; a node has about twenty tables. */
export const MAX_CACHED_TABLES = 256
