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

/** How often a serial port is asked whether it is still plugged in: a system call of a microsecond. */
export const PLUG_CHECK_MS = 1_000

/** What a link below 10 kbps may take longer in all the times above: 4 KiB at 300 bits a second is two minutes. */
export const SLOW_FACTOR = 10

/** Fits every path of the Internet (RFC 8085, section 3.2) with room for IPv6 and a tunnel. */
export const UDP_DATAGRAM_BYTES = 1_200
/** What LoRa modems take in one packet. */
export const RADIO_DATAGRAM_BYTES = 255
/** A KISS frame is refused beyond this: no modem sends as much, and a stuck one must not fill memory. */
export const MAX_KISS_BYTES = 2_048
/** Segments on their way at once: 300 KB, a twentieth of a second at 50 Mbps. */
export const MAX_WINDOW_SEGMENTS = 256
/** Where the window stops doubling: what Linux keeps of a socket's datagrams is about ninety. */
export const SLOW_START_SEGMENTS = 64
/** A radio hears no acknowledgement while it speaks. */
export const RADIO_WINDOW_SEGMENTS = 4
/** RFC 6928: ten segments before anything is known of the path. */
export const FIRST_WINDOW_SEGMENTS = 10
/** RFC 5681: three that came after it say that one is lost. */
export const LOSS_BY_LATER_SEGMENTS = 3
/** Segments behind a gap that one acknowledgement tells of. */
export const SACKED_SEGMENTS = 32
/** RFC 6298, section 2.5. */
export const MAX_RETRANSMIT_MS = 60_000
/** Bytes on their way and nothing heard for so long: the other side is gone. */
export const SILENCE_MS = 30_000
/** Bytes that wait for the window; beyond it whoever writes is held up. */
export const SEND_BUFFER_BYTES = 262_144
/** How long a cookie holds, at least; twice that at most. */
export const COOKIE_MS = 60_000
/** Streams over one port: those that a link may have, and as many that are about to end. */
export const MAX_STREAMS: number = 2 * MAX_CONNECTIONS
/** Bytes that wait in a WebSocket, or behind a reader that is held up in a browser, which cannot hold up the sender. */
export const MAX_HELD_BYTES = 4_194_304
/** How often a WebSocket of a browser is asked whether it has room again. */
export const DRAIN_POLL_MS = 10
/** A record is one message; nobody needs more. */
export const MAX_WEBSOCKET_MESSAGE_BYTES = 65_536
