/** Every bound of this package, with its reason. */
/** The short form's length byte; 255 is kept free so that each length has one form only. */
export const MAX_SHORT_VALUE_BYTES = 254

/** The extended form has a 16-bit length. */
export const MAX_VALUE_BYTES = 65_535

/** Records one read returns at most: bounds the objects that 64 KB of empty records could demand. */
export const MAX_RECORDS = 1024

/** Levels of records inside records: the protocols here use two. */
export const MAX_DEPTH = 8

/** Message number in a sealed frame's header: 24 bits. */
export const MAX_MESSAGE_NUMBER = 0xff_ff_ff

/** The sealed header gives the PQ epoch 4 bits: it is carried modulo 16. */
export const PQ_EPOCH_MODULUS = 16

/** Bytes a file chunk carries in one 4096-byte frame. */
export const CHUNK_BYTES = 3988

/** Chunks of a file of MAX_FILE_BYTES. A header that claims more is refused, so no receiver sizes a table by it. */
export const MAX_CHUNKS = 26_294

/** Fragments of one group message: 2 MB, enough for a commit that adds 1,500 members. */
export const MAX_GROUP_FRAGMENTS = 1024

/** Fragments of one handshake: its header has 8 bits for the count. */
export const MAX_HANDSHAKE_FRAGMENTS = 255

/** Body of one directory record: an identity record with a dozen devices. */
export const MAX_DIRECTORY_BODY_BYTES = 8192

/** One-time items in one stock upload: a batch of 100 and room to refill several at once. */
export const MAX_STOCK_ITEMS = 256

/** One stock item: a prekey bundle or KeyPackage with a certificate inside. */
export const MAX_STOCK_ITEM_BYTES = 8192

/** Fields of one layout: far above use, and it bounds the set-up work. */
export const MAX_LAYOUT_FIELDS = 64
