/** Where a relay can be told to kill itself: every point of put, commit, deliver and ack. */
export const KILL_POINTS = [
  /** A put has arrived. */
  'put',
  /** Its rows are staged, nothing is written; the relay lives on for a moment, in which it may not answer. */
  'staged',
  /** The batch is on disk, and nobody knows. */
  'durable',
  /** A watcher is about to be told. */
  'deliver',
  /** The push waits for the end of the turn. */
  'delivered',
  /** The sender's answer waits for the end of the turn. */
  'stored',
  /** A recipient's acknowledgement has arrived. */
  'ack',
  /** It is on disk; the answer waits for the end of the turn. */
  'acknowledged',
] as const

export type KillPoint = (typeof KILL_POINTS)[number]
