/**
 * The messages in control frames (spec/link-mailbox.md, section 3). Fixed layouts, little-endian, consumed exactly.
 * Knows neither who says them nor whether they are true.
 */
import { KEY_BYTES } from '@hyphae/core'
import { RUN_BYTES } from './control.js'
import { bad, reader, writer } from './words.js'

export const TAG_BYTES = 16

export const ID_BYTES = 16

export const DIGEST_BYTES = 16

const SIGNATURE_BYTES = 64

export interface Served {
  readonly tag: Uint8Array
  readonly signature: Uint8Array
}

export interface Offered {
  readonly tag: Uint8Array
  readonly id: Uint8Array
  /** Of the frame that follows. */
  readonly digest: Uint8Array
}

/** What became of a frame that was offered. */
export type Standing = 'held' | 'missing' | 'full' | 'gone'

export type Message =
  | {
      readonly kind: 'hello'
      readonly run: Uint8Array
      /** The run of its receiver that the sender knows; zeros when it knows none. */
      readonly sees: Uint8Array
      /** It wants a hello in return. */
      readonly asks: boolean
    }
  | { readonly kind: 'serve'; readonly number: number; readonly entries: readonly Served[] }
  | { readonly kind: 'heard'; readonly number: number }
  | { readonly kind: 'put' | 'probe'; readonly entries: readonly Offered[] }
  | {
      readonly kind: 'taken'
      readonly tag: Uint8Array
      readonly signature: Uint8Array
      readonly ids: readonly Uint8Array[]
    }
  | {
      readonly kind: 'standing'
      readonly standing: Standing
      readonly tag: Uint8Array
      readonly ids: readonly Uint8Array[]
    }
  | { readonly kind: 'lookup'; readonly request: number; readonly address: Uint8Array }
  | {
      readonly kind: 'take' | 'count'
      readonly request: number
      readonly writer: Uint8Array
      readonly stock: number
    }
  | {
      readonly kind: 'answer'
      readonly request: number
      readonly index: number
      readonly count: number
      readonly part: Uint8Array
    }

/** One kind of them. */
export type MessageOf<K extends Message['kind']> = Extract<Message, { kind: K }>

export const PUT_ENTRY_BYTES: number = TAG_BYTES + ID_BYTES + DIGEST_BYTES

export const SERVE_ENTRY_BYTES: number = TAG_BYTES + SIGNATURE_BYTES

/** Before the entries of a serve, the ids of a taken, the part of an answer. */
export const SERVE_HEAD_BYTES = 5

export const TAKEN_HEAD_BYTES: number = 1 + TAG_BYTES + SIGNATURE_BYTES

export const STANDING_HEAD_BYTES: number = 2 + TAG_BYTES

export const ANSWER_HEAD_BYTES = 9

const KINDS = [
  'hello',
  'serve',
  'heard',
  'put',
  'probe',
  'taken',
  'standing',
  'lookup',
  'take',
  'count',
  'answer',
] as const

const STANDINGS: readonly Standing[] = ['held', 'missing', 'full', 'gone']

export function encodeMessage(message: Message): Uint8Array {
  const out = writer(KINDS.indexOf(message.kind) + 1)
  switch (message.kind) {
    case 'hello':
      return out
        .bytes(message.run, message.sees)
        .u8(message.asks ? 1 : 0)
        .done()
    case 'serve':
      out.u32(message.number)
      for (const { tag, signature } of message.entries) out.bytes(tag).bytes(signature)
      return out.done()
    case 'heard':
      return out.u32(message.number).done()
    case 'put':
    case 'probe':
      for (const { tag, id, digest } of message.entries) out.bytes(tag).bytes(id).bytes(digest)
      return out.done()
    case 'taken':
      return out
        .bytes(message.tag)
        .bytes(message.signature)
        .bytes(...message.ids)
        .done()
    case 'standing':
      return out
        .u8(STANDINGS.indexOf(message.standing))
        .bytes(message.tag)
        .bytes(...message.ids)
        .done()
    case 'lookup':
      return out.u32(message.request).bytes(message.address).done()
    case 'take':
    case 'count':
      return out.u32(message.request).bytes(message.writer).u8(message.stock).done()
    case 'answer':
      return out.u32(message.request).u16(message.index).u16(message.count).bytes(message.part).done()
  }
}

/** @throws TransportError `transport/bad-message` */
export function decodeMessage(bytes: Uint8Array): Message {
  const input = reader(bytes)
  const kind = KINDS[input.u8() - 1]
  switch (kind) {
    case 'hello':
      return input.end({
        kind,
        run: input.bytes(RUN_BYTES),
        sees: input.bytes(RUN_BYTES),
        asks: input.flag(),
      })
    case 'serve': {
      const number = input.u32()
      const entry = (): Served => ({ tag: input.bytes(TAG_BYTES), signature: input.bytes(SIGNATURE_BYTES) })
      return { kind, number, entries: input.rest(SERVE_ENTRY_BYTES, entry) }
    }
    case 'heard':
      return input.end({ kind, number: input.u32() })
    case 'put':
    case 'probe': {
      const entry = (): Offered => ({
        tag: input.bytes(TAG_BYTES),
        id: input.bytes(ID_BYTES),
        digest: input.bytes(DIGEST_BYTES),
      })
      return { kind, entries: input.rest(PUT_ENTRY_BYTES, entry) }
    }
    case 'taken': {
      const [tag, signature] = [input.bytes(TAG_BYTES), input.bytes(SIGNATURE_BYTES)]
      return { kind, tag, signature, ids: input.rest(ID_BYTES, () => input.bytes(ID_BYTES)) }
    }
    case 'standing': {
      const standing = STANDINGS[input.u8()]
      if (standing === undefined) throw bad('standing')
      const tag = input.bytes(TAG_BYTES)
      return { kind, standing, tag, ids: input.rest(ID_BYTES, () => input.bytes(ID_BYTES)) }
    }
    case 'lookup':
      return input.end({ kind, request: input.u32(), address: input.bytes(KEY_BYTES) })
    case 'take':
    case 'count':
      return input.end({ kind, request: input.u32(), writer: input.bytes(KEY_BYTES), stock: input.u8() })
    case 'answer': {
      const [request, index, count] = [input.u32(), input.u16(), input.u16()]
      if (index >= count) throw bad('index')
      return { kind, request, index, count, part: input.bytes(input.left()) }
    }
    default:
      throw bad('kind')
  }
}
