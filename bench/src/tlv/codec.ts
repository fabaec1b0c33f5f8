// One codec, ours or a peer's, bound to the messages of one payload size.
import type { Message } from './message.ts'

export interface Codec {
  readonly name: string
  /** Encodes and decodes message `i` into fresh objects: for the check before the timing. */
  roundTrip(i: number): Message
  /** Encodes `n` messages; the sum of their encoded lengths. */
  encode(n: number): number
  /** Decodes `n` messages and takes `probe` of each. */
  decode(n: number): number
  /** Decodes `n` messages and takes `probeAll` of each. */
  decodeAll(n: number): number
}

/** What the peers that turn an object into bytes and back bring; loops.ts makes a Codec of it. */
export interface ObjectCodec {
  encode(message: Message): Uint8Array
  decode(bytes: Uint8Array): Message
}
