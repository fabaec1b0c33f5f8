// Ours: an aligned layout, encoded into a buffer that the caller owns and decoded by a reused cursor.
//
// As a sender would that writes the same keys again and again, both keys are held as words,
// and numbers as the two u32 that a u64 is here;
// FlatBuffers gets its numbers as BigInt beforehand in the same way. The payload is copied as bytes.
import { defineLayout, layoutCursor, layoutLength, wordsOf } from '@hyphae/tlv'
import type { Codec } from './codec.ts'
import { MESSAGES, type Message } from './message.ts'

const TWO_32 = 0x1_0000_0000

const ENVELOPE = defineLayout({
  id: 1,
  fields: { sender: 32, recipient: 32, sentAt: 'u64', sequence: 'u64' },
  maxTail: 4096,
})
const { sender, recipient, sentAt, sequence } = ENVELOPE.fields

export function hyphae(messages: readonly Message[]): Codec {
  const stride = layoutLength(ENVELOPE, messages[0]?.payload.length ?? 0)
  const buffer = new Uint8Array(stride * MESSAGES)
  const cursor = layoutCursor(ENVELOPE, buffer)

  const held = messages.map((m) => ({
    sender: wordsOf(m.sender),
    recipient: wordsOf(m.recipient),
    sentAtLow: m.sentAt % TWO_32,
    sentAtHigh: Math.floor(m.sentAt / TWO_32),
    sequenceLow: m.sequence % TWO_32,
    sequenceHigh: Math.floor(m.sequence / TWO_32),
    payload: m.payload,
  }))

  function write(i: number, offset: number): number {
    const m = held[i] as (typeof held)[number]
    // Every field is set below, so nothing needs clearing.
    const end = cursor.unsafeBegin(offset, m.payload.length)
    cursor.setWords(sender, m.sender)
    cursor.setWords(recipient, m.recipient)
    cursor.setU64(sentAt, m.sentAtLow, m.sentAtHigh)
    cursor.setU64(sequence, m.sequenceLow, m.sequenceHigh)
    cursor.setTail(m.payload)
    return end - offset
  }

  function probe(): number {
    return (
      (cursor.word(sender, 0) & 0xff) +
      (cursor.word(recipient, 0) & 0xff) +
      (buffer[cursor.tailStart] as number) +
      cursor.tailLength +
      cursor.number(sentAt) +
      cursor.number(sequence)
    )
  }

  function sum(start: number, length: number): number {
    let total = 0
    for (let i = start; i < start + length; i++) total += buffer[i] as number
    return total
  }

  return {
    name: 'hyphae',
    roundTrip(i) {
      write(i, i * stride)
      cursor.open(i * stride)
      return {
        sender: cursor.bytes(sender),
        recipient: cursor.bytes(recipient),
        sentAt: cursor.number(sentAt),
        sequence: cursor.number(sequence),
        payload: cursor.tail(),
      }
    },
    encode(n) {
      let total = 0
      for (let i = 0; i < n; i++) {
        const slot = i & (MESSAGES - 1)
        total += write(slot, slot * stride)
      }
      return total
    },
    decode(n) {
      let total = 0
      for (let i = 0; i < n; i++) {
        cursor.open((i & (MESSAGES - 1)) * stride)
        total += probe()
      }
      return total
    },
    decodeAll(n) {
      let total = 0
      for (let i = 0; i < n; i++) {
        cursor.open((i & (MESSAGES - 1)) * stride)
        total += probe()
        total += sum(cursor.offset + sender.word * 4, sender.size)
        total += sum(cursor.offset + recipient.word * 4, recipient.size)
        total += sum(cursor.tailStart, cursor.tailLength)
      }
      return total
    },
  }
}
