/**
 * The post-quantum part of sessions, the subpath `@hyphae/ratchet/pq`: pass `postQuantum` where prekeys are made or
 * read, where a session is begun and where one is read from its snapshot.
 */

export type { PostQuantum } from './post-quantum.js'
export { createPostQuantum, type PostQuantumOptions, postQuantum } from './pq/post-quantum.js'
