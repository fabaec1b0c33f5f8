/**
 * The last change of a store: what it wrote, so that whoever comes next can finish it. spec/relay-engines.md section 7.1.
 *
 *     n u64 | changes u16 | id 16 × changes | writes u16 | (key u16 | key | kind u8 | value u32 | value) × writes
 */
import { NAMED_CHANGES } from '../limits.js'

export const CHANGE_ID_BYTES = 16

/** Undefined: the row is removed. */
export type Writes = ReadonlyMap<string, Uint8Array | undefined>

export interface Change {
  /** 0: nothing was ever changed. */
  readonly n: number
  /** Names of the changes up to this one, the newest last. */
  readonly ids: readonly string[]
  readonly writes: Writes
}

export const NO_CHANGE: Change = { n: 0, ids: [], writes: new Map() }

export function nextChange({ n, ids }: Change, id: string, writes: Writes): Change {
  return { n: n + 1, ids: [...ids, id].slice(-NAMED_CHANGES), writes }
}

const GONE = 0
const THERE = 1

function encodeWrite([key, value]: readonly [string, Uint8Array | undefined]): Buffer {
  const head = Buffer.alloc(2 + key.length + 5)
  head.writeUInt16LE(key.length, 0)
  head.write(key, 2, 'latin1')
  head.writeUInt8(value === undefined ? GONE : THERE, 2 + key.length)
  head.writeUInt32LE(value?.length ?? 0, 3 + key.length)
  return value === undefined ? head : Buffer.concat([head, value])
}

export function encodeChange({ n, ids, writes }: Change): Uint8Array {
  const head = Buffer.alloc(10)
  head.writeBigUInt64LE(BigInt(n), 0)
  head.writeUInt16LE(ids.length, 8)
  const count = Buffer.alloc(2)
  count.writeUInt16LE(writes.size, 0)
  return Buffer.concat([
    head,
    ...ids.map((id) => Buffer.from(id, 'hex')),
    count,
    ...[...writes].map(encodeWrite),
  ])
}

export function decodeChange(value: Uint8Array): Change {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const ids: string[] = []
  let at = 10
  for (let i = bytes.readUInt16LE(8); i > 0; i--, at += CHANGE_ID_BYTES)
    ids.push(bytes.toString('hex', at, at + CHANGE_ID_BYTES))
  const writes = new Map<string, Uint8Array | undefined>()
  let left = bytes.readUInt16LE(at)
  at += 2
  for (; left > 0; left--) {
    const keyEnd = at + 2 + bytes.readUInt16LE(at)
    const end = keyEnd + 5 + bytes.readUInt32LE(keyEnd + 1)
    const written = bytes[keyEnd] === GONE ? undefined : Uint8Array.from(bytes.subarray(keyEnd + 5, end))
    writes.set(bytes.toString('latin1', at + 2, keyEnd), written)
    at = end
  }
  return { n: Number(bytes.readBigUInt64LE(0)), ids, writes }
}

/** What a row of the store holds: the change that wrote it, and the value; undefined: it was removed. */
export interface Cell {
  readonly n: number
  readonly value: Uint8Array | undefined
}

/** n u64 | kind u8 | value */
export function encodeCell({ n, value }: Cell): Uint8Array {
  const head = Buffer.alloc(9)
  head.writeBigUInt64LE(BigInt(n), 0)
  head.writeUInt8(value === undefined ? GONE : THERE, 8)
  return value === undefined ? head : Buffer.concat([head, value])
}

export function decodeCell(value: Uint8Array): Cell {
  const n = Number(Buffer.from(value.buffer, value.byteOffset, value.byteLength).readBigUInt64LE(0))
  return { n, value: value[8] === GONE ? undefined : Uint8Array.from(value.subarray(9)) }
}
