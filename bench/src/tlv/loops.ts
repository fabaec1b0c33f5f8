// The loops around a peer's encoder and decoder.
//
// This module is imported once for each peer, under its own query string: the engine keeps what it learns about
// types by module instance, so no peer's loop is slowed by another's objects.
import type { Codec, ObjectCodec } from './codec.ts'
import { MESSAGES, type Message } from './message.ts'

const MASK = MESSAGES - 1

/** What a lazy reader takes of a message: both numbers, the first byte of each byte field, the payload's length. */
function probe(m: Message): number {
  return (
    (m.sender[0] as number) +
    (m.recipient[0] as number) +
    (m.payload[0] as number) +
    m.payload.length +
    m.sentAt +
    m.sequence
  )
}

function sum(bytes: Uint8Array): number {
  let total = 0
  for (let i = 0; i < bytes.length; i++) total += bytes[i] as number
  return total
}

/** What a thorough reader takes: the same, and every byte. */
function probeAll(m: Message): number {
  return probe(m) + sum(m.sender) + sum(m.recipient) + sum(m.payload)
}

export function bind(name: string, messages: readonly Message[], codec: ObjectCodec): Codec {
  // A copy: some encoders hand out a view of a buffer that they use again.
  const encoded = messages.map((m) => new Uint8Array(codec.encode(m)))
  return {
    name,
    roundTrip: (i) => codec.decode(encoded[i] as Uint8Array),
    encode(n) {
      let total = 0
      for (let i = 0; i < n; i++) total += codec.encode(messages[i & MASK] as Message).length
      return total
    },
    decode(n) {
      let total = 0
      for (let i = 0; i < n; i++) total += probe(codec.decode(encoded[i & MASK] as Uint8Array))
      return total
    },
    decodeAll(n) {
      let total = 0
      for (let i = 0; i < n; i++) total += probeAll(codec.decode(encoded[i & MASK] as Uint8Array))
      return total
    },
  }
}
