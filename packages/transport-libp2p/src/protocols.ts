/** Names of the protocols: another version is another name, and nodes that share none do not meet. */

/** Frames between two devices. */
export const FRAMES_PROTOCOL = '/hyphae/frames/1.0.0'
/** Questions about stocks. */
export const STOCK_PROTOCOL = '/hyphae/stock/1.0.0'
/** A DHT of its own: no other network's nodes are asked, and none is told. */
export const DHT_PROTOCOL = '/hyphae/kad/1.0.0'
