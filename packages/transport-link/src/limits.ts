/** Limits of direct links, each with its reason. */

/** Plaintext of a record: a kind and the largest frame. */
export const MAX_RECORD_PLAINTEXT: number = 1 + 4096
/** The same, sealed. */
export const MAX_RECORD_BYTES: number = MAX_RECORD_PLAINTEXT + 16
/** The longest handshake message: ephemeral key, static key and identity, each sealed. */
export const MAX_HANDSHAKE_BYTES: number = 32 + 48 + 112
/** Records under one key. Noise allows 2⁶⁴; this is a year at a million a second, and still an exact number. */
export const MAX_RECORDS: number = 2 ** 45

/** A handshake takes one and a half round trips; who is not done by then is not coming. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
/** A record that has begun must end by then, or the peer is stuck or dripping bytes on purpose. */
export const RECORD_TIMEOUT_MS = 30_000
/** How long dialling one address may take before the next is tried. */
export const DIAL_TIMEOUT_MS = 5_000

/** Connections held at once, those that are still shaking hands included: 64 KiB each at worst. */
export const MAX_CONNECTIONS = 256
/** Of which accepted and not yet authenticated: strangers must not keep friends out. */
export const MAX_HANDSHAKES = 64
/** Frames that wait for the reader; beyond it the sockets are not read, and the senders wait. */
export const MAX_WAITING_FRAMES = 64
/** Addresses tried for one peer. */
export const MAX_ADDRESSES = 8
