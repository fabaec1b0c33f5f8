/** Keys of the embedded store. spec/relay.md section 5. Integers in keys are big-endian, so they keep order. */

const BOX = 0x62
const ID = 0x69
const TIME = 0x74
const BLOB = 0x63
const BLOB_TIME = 0x75
const RECORD = 0x64
const STOCK = 0x73
const ITEM = 0x6b
const META = 0x6d
const DUE = 0x78
const TERMS = 0x6f
const SPENT = 0x70
const LOG = 0x6c
const ENTRY = 0x65

const SIZES = [128, 512, 2048, 4096] as const
const U32 = 2 ** 32

/** A position and a frame size packed in one number: seq × 4 + index of the size. */
export type Slot = number

export function slot(seq: number, frameLength: number): Slot {
  return seq * 4 + SIZES.indexOf(frameLength as (typeof SIZES)[number])
}

export function slotSeq(value: Slot): number {
  return Math.floor(value / 4)
}

export function slotSize(value: Slot): (typeof SIZES)[number] {
  return SIZES[value % 4] as (typeof SIZES)[number]
}

/** Binary string of a key or id: a cheap map key. */
export function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** What a key is called in memory: the position for a frame, which no other frame has, else its bytes. */
export type RowName = string | number

/** The name of the key in `bytes` from `start` to `end`. */
export function rowName(bytes: Buffer, start: number, end: number): RowName {
  if (bytes[start] === BOX && end - start === FRAME_KEY_BYTES)
    return bytes.readUInt32BE(start + 33) * U32 + bytes.readUInt32BE(start + 37)
  return bytes.toString('latin1', start, end)
}

/** `rowName` of a key by itself. */
export function nameOf(key: Uint8Array): RowName {
  return rowName(Buffer.from(key.buffer, key.byteOffset, key.byteLength), 0, key.length)
}

/** The map key under which the engine reports a box. */
export const boxName: (box: Uint8Array) => string = binary

export function writeSeq(key: Buffer, offset: number, seq: number): void {
  key.writeUInt32BE(Math.floor(seq / U32), offset)
  key.writeUInt32BE(seq % U32, offset + 4)
}

export function readSeq(key: Uint8Array, offset: number): number {
  const buffer = Buffer.from(key.buffer, key.byteOffset, key.byteLength)
  return buffer.readUInt32BE(offset) * U32 + buffer.readUInt32BE(offset + 4)
}

function start(prefix: number, length: number): Buffer {
  const key = Buffer.allocUnsafe(length)
  key[0] = prefix
  return key
}

const FRAME_KEY_BYTES = 42

export function frameKey(box: Uint8Array, value: Slot): Buffer {
  const key = start(BOX, FRAME_KEY_BYTES)
  key.set(box, 1)
  writeSeq(key, 33, slotSeq(value))
  key[41] = value % 4
  return key
}

/** Box and slot of a frame key. */
export function readFrameKey(key: Uint8Array): { box: Uint8Array; slot: Slot } {
  return { box: key.subarray(1, 33), slot: readSeq(key, 33) * 4 + (key[41] as number) }
}

export function idKey(box: Uint8Array, id: Uint8Array): Buffer {
  const key = start(ID, 49)
  key.set(box, 1)
  key.set(id, 33)
  return key
}

export function readIdKey(key: Uint8Array): { box: Uint8Array; id: Uint8Array } {
  return { box: key.subarray(1, 33), id: key.subarray(33, 49) }
}

/** `seq` tells apart what is due at one time. */
export function dueKey(due: number, seq: number): Buffer {
  const key = start(DUE, 17)
  writeSeq(key, 1, due)
  writeSeq(key, 9, seq)
  return key
}

function named(prefix: number, name: Uint8Array): Buffer {
  const key = start(prefix, 33)
  key.set(name, 1)
  return key
}

export function termsKey(box: Uint8Array): Buffer {
  return named(TERMS, box)
}

export function spentKey(name: Uint8Array): Buffer {
  return named(SPENT, name)
}

export function logKey(log: Uint8Array): Buffer {
  return named(LOG, log)
}

export function entryKey(log: Uint8Array, position: number): Buffer {
  const key = start(ENTRY, 41)
  key.set(log, 1)
  writeSeq(key, 33, position)
  return key
}

export function blobKey(hash: Uint8Array): Buffer {
  const key = start(BLOB, 33)
  key.set(hash, 1)
  return key
}

export function blobTimeKey(seq: number): Buffer {
  const key = start(BLOB_TIME, 9)
  writeSeq(key, 1, seq)
  return key
}

export function recordKey(address: Uint8Array, place: number): Buffer {
  const key = start(RECORD, 34)
  key.set(address, 1)
  key[33] = place
  return key
}

export function stockKey(writer: Uint8Array, kind: number): Buffer {
  const key = start(STOCK, 34)
  key.set(writer, 1)
  key[33] = kind
  return key
}

export function itemKey(writer: Uint8Array, kind: number, n: number): Buffer {
  const key = start(ITEM, 42)
  key.set(writer, 1)
  key[33] = kind
  writeSeq(key, 34, n)
  return key
}

export const META_KEY: Buffer = Buffer.from([META])

export interface Range {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
}

function range(prefix: number): Range {
  return { gte: Buffer.from([prefix]), lt: Buffer.from([prefix + 1]) }
}

export const FRAME_RANGE: Range = range(BOX)
/** Stores of the first layout: when each frame came. */
export const ID_RANGE: Range = range(ID)
export const TIME_RANGE: Range = range(TIME)
export const DUE_RANGE: Range = range(DUE)
export const TERMS_RANGE: Range = range(TERMS)
export const BLOB_TIME_RANGE: Range = range(BLOB_TIME)

const begins =
  (prefix: number) =>
  (key: Uint8Array): boolean =>
    key[0] === prefix

export const isItemKey: (key: Uint8Array) => boolean = begins(ITEM)
export const isStockKey: (key: Uint8Array) => boolean = begins(STOCK)
export const isMetaKey: (key: Uint8Array) => boolean = begins(META)
