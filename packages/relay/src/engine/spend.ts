/** What may be used so many times. spec/relay.md section 3.2. */

/**
 * One use of something that may be used `most` times: a counted capability, an anonymous token. The engine
 * counts it in the same step that stores the frame, so that a repeated put costs nothing and a use buys one frame.
 */
export interface Spend {
  /** 32 bytes: the hash of what is used. */
  readonly name: Uint8Array
  readonly most: number
  /** Epoch milliseconds after which it cannot be used any more, so that its count may be forgotten. */
  readonly until: number
}
