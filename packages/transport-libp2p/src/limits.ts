/** Limits of the libp2p carrier, each with its reason. */

/** Connections held at once, those of the DHT and of gossip included; libp2p closes idle ones beyond it. */
export const MAX_CONNECTIONS = 256
/** New connections a second from one host: a family behind one router, and no flood. */
export const MAX_CONNECTIONS_PER_SECOND = 32
/** Connections that are being opened by others; a stranger's handshake costs a signature. */
export const MAX_PENDING_CONNECTIONS = 64
/** Multiaddrs a node listens at, is told to dial at first, or is given for one peer. */
export const MAX_ADDRESSES = 16
/** Characters of a multiaddr: a relayed one with two certificate hashes has about 400. */
export const MAX_ADDRESS_CHARACTERS = 1024

/** How long dialling a peer may take, all its addresses together. */
export const DIAL_TIMEOUT_MS = 10_000
/** A hello takes one round trip on an open connection; over a relay a slow one. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
/** Streams that are accepted and have not said who they are: strangers must not keep friends out. */
export const MAX_HANDSHAKES = 64
/** A record that has begun must end by then, or the peer is stuck or dripping bytes on purpose. */
export const RECORD_TIMEOUT_MS = 30_000
/** Devices spoken with or tried that are remembered; the one not used longest is forgotten. */
export const MAX_KNOWN_DEVICES = 1024
/** Tries to get a lost stream back before it is left to the next frame: about three minutes. */
export const MAX_RESTORES = 10
/** How long who was told "busy" waits for the other side's stream before it tries again. */
export const BUSY_WAIT_MS = 50
/** Busy answers to one attempt: crossing streams need one, a peer that has restarted another. */
export const MAX_BUSY = 4

/** Frames that wait for the reader; beyond it streams are not read, and their senders wait. */
export const MAX_WAITING_FRAMES = 64
/** Bytes a peer may send into one stream that is not read: yamux grants them before it knows. */
export const STREAM_WINDOW_BYTES: number = 1024 * 1024
/** Bytes given to a stream at a time: frames sent in one turn leave together. */
export const MAX_BATCH_BYTES: number = 64 * 1024

/** Writers at one address, as at a relay (spec/directory.md, D5). */
export const MAX_WRITERS = 8
/** One value of the DHT: all records of one address, each with its length. */
export const MAX_VALUE_BYTES: number = 2 + MAX_WRITERS * (2 + 139 + 8192)
/** Bytes of other people's records that a node keeps; those farthest from it in the DHT go first. */
export const MAX_STORED_BYTES: number = 16 * 1024 * 1024
/** Addresses it keeps records of: looking for the farthest stays cheap. */
export const MAX_STORED_VALUES = 8192
/** With so many connections nobody found on the local network is dialled any more. */
export const MAX_NEARBY_PEERS = 32
/** Bootstrap nodes that are gone are dialled again below so many peers: beyond it the network is met without them. */
export const ENOUGH_PEERS = 16
/** How often a node looks whether its relays and bootstrap nodes are there, besides when a connection ends. */
export const STANDING_CHECK_MS = 30_000
/** Statements of others that they keep a stock: some hundred bytes each; kad-dht alone forgets them after two days. */
export const MAX_STORED_PROVIDERS = 8192
/** Peers whose addresses and protocols are kept, of the many that a look-up names: up to some kilobytes each. */
export const MAX_STORED_PEERS = 4096
/** Values taken from one look-up: one of each of the closest nodes, and some that answer on the way. */
export const MAX_ANSWERS = 64
/** How long a look-up may take; what was found by then is given. */
export const LOOKUP_TIMEOUT_MS = 10_000
/** How long publishing may take before it is read back. */
export const PUBLISH_TIMEOUT_MS = 15_000
/** Nodes of a DHT forget after 48 hours, and come and go sooner. */
export const REPUBLISH_MS: number = 6 * 60 * 60 * 1000
/** Own records that are published again; a node has one or two for each of its devices' accounts. */
export const MAX_OWN_RECORDS = 64
/** DHT parameters: replicas of a record, parallel requests, and disjoint paths of a look-up. */
export const DHT_REPLICAS = 20
export const DHT_PARALLEL = 3
export const DHT_PATHS = 10

/** Keepers asked for a stock: its device, where it was before, and a liar or two. */
export const MAX_KEEPERS = 4
/** How long a keeper may take to answer. */
export const STOCK_TIMEOUT_MS = 5_000
/** Items one peer may take a minute: a group of a hundred is set up at once; draining a stock takes longer. */
export const MAX_TAKES_PER_MINUTE = 120
/** Peers whose takes are counted; the oldest is forgotten. */
export const MAX_COUNTED_PEERS = 1024
/** Bytes of a stock answer: a state, a length and the largest item. */
export const MAX_STOCK_ANSWER_BYTES: number = 3 + 8192

/** Topics subscribed to at once: one for each group and contact that wakes this node. */
export const MAX_TOPICS = 1024
/** Frames that wait for a subscriber who does not read; the oldest beyond them are lost. */
export const MAX_UNHEARD_FRAMES = 256
/** Publishings remembered to drop copies, after gossip itself has forgotten them: 24 bytes each. */
export const MAX_REMEMBERED_PUBLISHINGS = 4096
/** Bytes of one gossip exchange: some frames and what the protocol adds. */
export const MAX_GOSSIP_BYTES: number = 256 * 1024

/** Addresses a device announces. */
export const MAX_ANNOUNCED_ADDRESSES = 8
/** Announcements are padded to a multiple of this, so that their size says little. */
export const ANNOUNCEMENT_STEP = 512
/** How long addresses must stay the same before they are announced: they change in bursts. */
export const ANNOUNCE_AFTER_MS = 300

/** How long after the start the first look-ups wait for somebody to ask. */
export const FIRST_PEER_WAIT_MS = 5_000
/** How often they look whether somebody has come. */
export const PEER_CHECK_MS = 20
