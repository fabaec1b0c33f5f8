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

/** `binary` of a key, as what it is called in memory. */
export const nameOf: (key: Uint8Array) => string = binary

/** Names that were asked for last: a power of two, above the boxes that are busy at once. 400 KiB. */
const KEPT_NAMES = 4096
const BOX_BYTES = 32
const keptNames: string[] = new Array(KEPT_NAMES).fill('')
const keptBoxes = new Uint8Array(KEPT_NAMES * BOX_BYTES)

/**
 * The map key under which the engine reports a box. That of a box which was asked for lately is the same string again:
 * looking it up costs a third.
 */
export function boxName(box: Uint8Array): string {
  if (box.length !== BOX_BYTES) return binary(box)
  const slot = ((box[1] as number) | ((box[2] as number) << 8)) & (KEPT_NAMES - 1)
  const start = slot * BOX_BYTES
  let same = 0
  while (same < BOX_BYTES && box[same] === keptBoxes[start + same]) same += 1
  if (same === BOX_BYTES && keptNames[slot] !== '') return keptNames[slot] as string
  const name = binary(box)
  keptNames[slot] = name
  keptBoxes.set(box, start)
  return name
}

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

export const FRAME_KEY_BYTES = 42

/** The key of a frame, at `at`. */
export function writeFrameKey(out: Buffer, at: number, box: Uint8Array, value: Slot): void {
  out[at] = BOX
  out.set(box, at + 1)
  writeSeq(out, at + 33, slotSeq(value))
  out[at + 41] = value % 4
}

export function frameKey(box: Uint8Array, value: Slot): Buffer {
  const key = Buffer.allocUnsafe(FRAME_KEY_BYTES)
  writeFrameKey(key, 0, box, value)
  return key
}

/** True when the key from `start` to `end` is that of a frame. */
export function isFrameKey(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === FRAME_KEY_BYTES && bytes[start] === BOX
}

/** The position in the key of a frame that begins at `at`. */
export function frameSeq(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + 33) * U32 + bytes.readUInt32BE(at + 37)
}

/** Box and slot of a frame key. */
export function readFrameKey(key: Uint8Array): { box: Uint8Array; slot: Slot } {
  return { box: key.subarray(1, 33), slot: readSeq(key, 33) * 4 + (key[41] as number) }
}

export const ID_KEY_BYTES = 49
/** Where box and id lie in the key, one behind the other. */
export const ID_PAIR_AT = 1

/** The key of an id, at `at`. */
export function writeIdKey(out: Buffer, at: number, box: Uint8Array, id: Uint8Array): void {
  out[at] = ID
  out.set(box, at + 1)
  out.set(id, at + 33)
}

export function idKey(box: Uint8Array, id: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(ID_KEY_BYTES)
  writeIdKey(key, 0, box, id)
  return key
}

/** True when the key from `start` to `end` is that of an id. */
export function isIdKey(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === ID_KEY_BYTES && bytes[start] === ID
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

/** The address in the key of a record. */
export function readRecordKey(key: Uint8Array): Uint8Array {
  return key.subarray(1, 33)
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
export const RECORD_RANGE: Range = range(RECORD)

const begins =
  (prefix: number) =>
  (key: Uint8Array): boolean =>
    key[0] === prefix

export const isItemKey: (key: Uint8Array) => boolean = begins(ITEM)
export const isStockKey: (key: Uint8Array) => boolean = begins(STOCK)
export const isMetaKey: (key: Uint8Array) => boolean = begins(META)
