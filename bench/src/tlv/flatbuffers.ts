// FlatBuffers: the accessors that its compiler writes for
//   table Message { sender:[ubyte]; recipient:[ubyte]; sent_at:uint64; sequence:uint64; payload:[ubyte]; }
// At its best: builder, buffer and accessor object are reused, and fields are read through accessors, so that
// its decode is as lazy as ours. Its 64-bit numbers are BigInt; the ones to encode are made beforehand.
import { Builder, ByteBuffer } from 'flatbuffers'
import type { Codec } from './codec.ts'
import { MESSAGES, type Message } from './message.ts'

const MASK = MESSAGES - 1

/** One table, reused for message after message. `at` finds a field through the vtable, 0 when it is absent. */
class MessageTable {
  private bb!: ByteBuffer
  private pos = 0

  root(bb: ByteBuffer): MessageTable {
    this.bb = bb
    this.pos = bb.readInt32(bb.position()) + bb.position()
    return this
  }

  sender(i: number): number {
    const at = this.bb.__offset(this.pos, 4)
    return at ? this.bb.readUint8(this.bb.__vector(this.pos + at) + i) : 0
  }

  recipient(i: number): number {
    const at = this.bb.__offset(this.pos, 6)
    return at ? this.bb.readUint8(this.bb.__vector(this.pos + at) + i) : 0
  }

  sentAt(): bigint {
    const at = this.bb.__offset(this.pos, 8)
    return at ? this.bb.readUint64(this.pos + at) : 0n
  }

  sequence(): bigint {
    const at = this.bb.__offset(this.pos, 10)
    return at ? this.bb.readUint64(this.pos + at) : 0n
  }

  payload(i: number): number {
    const at = this.bb.__offset(this.pos, 12)
    return at ? this.bb.readUint8(this.bb.__vector(this.pos + at) + i) : 0
  }

  payloadLength(): number {
    const at = this.bb.__offset(this.pos, 12)
    return at ? this.bb.__vector_len(this.pos + at) : 0
  }

  /** `slot` is the field's place in the vtable. */
  array(slot: number): Uint8Array {
    const at = this.bb.__offset(this.pos, slot)
    const start = this.bb.bytes().byteOffset + this.bb.__vector(this.pos + at)
    return new Uint8Array(this.bb.bytes().buffer, start, this.bb.__vector_len(this.pos + at))
  }
}

export function flatbuffers(messages: readonly Message[]): Codec {
  const builder = new Builder(4096)
  const table = new MessageTable()
  const big = messages.map((m) => ({ sentAt: BigInt(m.sentAt), sequence: BigInt(m.sequence) }))

  function build(m: Message, numbers: { readonly sentAt: bigint; readonly sequence: bigint }): Uint8Array {
    builder.clear()
    const sender = builder.createByteVector(m.sender)
    const recipient = builder.createByteVector(m.recipient)
    const payload = builder.createByteVector(m.payload)
    builder.startObject(5)
    builder.addFieldOffset(0, sender, 0)
    builder.addFieldOffset(1, recipient, 0)
    builder.addFieldInt64(2, numbers.sentAt, 0n)
    builder.addFieldInt64(3, numbers.sequence, 0n)
    builder.addFieldOffset(4, payload, 0)
    builder.finish(builder.endObject())
    return builder.asUint8Array()
  }

  const buffers = messages.map((m, i) => new ByteBuffer(build(m, big[i] as never).slice()))

  function probe(): number {
    return (
      table.sender(0) +
      table.recipient(0) +
      table.payload(0) +
      table.payloadLength() +
      Number(table.sentAt()) +
      Number(table.sequence())
    )
  }

  function sum(bytes: Uint8Array): number {
    let total = 0
    for (let i = 0; i < bytes.length; i++) total += bytes[i] as number
    return total
  }

  return {
    name: 'flatbuffers',
    roundTrip(i) {
      table.root(buffers[i] as ByteBuffer)
      return {
        sender: table.array(4),
        recipient: table.array(6),
        sentAt: Number(table.sentAt()),
        sequence: Number(table.sequence()),
        payload: table.array(12),
      }
    },
    encode(n) {
      let total = 0
      for (let i = 0; i < n; i++) total += build(messages[i & MASK] as Message, big[i & MASK] as never).length
      return total
    },
    decode(n) {
      let total = 0
      for (let i = 0; i < n; i++) {
        table.root(buffers[i & MASK] as ByteBuffer)
        total += probe()
      }
      return total
    },
    decodeAll(n) {
      let total = 0
      for (let i = 0; i < n; i++) {
        table.root(buffers[i & MASK] as ByteBuffer)
        total += probe() + sum(table.array(4)) + sum(table.array(6)) + sum(table.array(12))
      }
      return total
    },
  }
}
