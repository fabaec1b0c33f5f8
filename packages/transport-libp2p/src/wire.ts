/**
 * Records of a frame stream (spec/libp2p.md, "Streams"): `kind u8 | length u16 | body`, little-endian. Holds at most one
 * unfinished record, and refuses a length before it keeps a byte of it.
 */
import { isFrameSize } from '@hyphae/core'
import { Libp2pError } from './errors.js'

export const KIND_HELLO = 1
export const KIND_WELCOME = 2
export const KIND_BUSY = 3
export const KIND_FRAME = 4

const HEADER_BYTES = 3
/** Device key, signature, count of streams. */
export const HELLO_BYTES: number = 32 + 64 + 4

/** A record as it travels. */
export function encodeRecord(kind: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length)
  bytes[0] = kind
  bytes[1] = body.length & 0xff
  bytes[2] = body.length >> 8
  bytes.set(body, HEADER_BYTES)
  return bytes
}

function isLength(kind: number, length: number): boolean {
  if (kind === KIND_FRAME) return isFrameSize(length)
  return (kind === KIND_HELLO || kind === KIND_WELCOME || kind === KIND_BUSY) && length === HELLO_BYTES
}

export interface RecordReader {
  /** Every record that is whole now; bodies are copies. @throws Libp2pError `libp2p/broken` */
  push(bytes: Uint8Array, take: (kind: number, body: Uint8Array) => void): void
  /** True while a record has begun and not ended. */
  readonly partial: boolean
}

export function createRecordReader(): RecordReader {
  let rest = new Uint8Array(0)
  return {
    get partial() {
      return rest.length > 0
    },
    push: (bytes, take) => {
      const all = rest.length === 0 ? bytes : joined(rest, bytes)
      let at = 0
      while (all.length - at >= HEADER_BYTES) {
        const kind = all[at] as number
        const length = (all[at + 1] as number) | ((all[at + 2] as number) << 8)
        if (!isLength(kind, length)) throw new Libp2pError('libp2p/broken')
        const end = at + HEADER_BYTES + length
        if (end > all.length) break
        take(kind, all.slice(at + HEADER_BYTES, end))
        at = end
      }
      rest = all.slice(at)
      if (rest.length > 0 && !isKind(rest[0] as number)) throw new Libp2pError('libp2p/broken')
    },
  }
}

function isKind(kind: number): boolean {
  return kind >= KIND_HELLO && kind <= KIND_FRAME
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.length + b.length)
  all.set(a)
  all.set(b, a.length)
  return all
}
