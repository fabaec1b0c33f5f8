/**
 * Frames that are due at about the same time, as one entry: the frames of one transaction. spec/relay-store.md section 3.
 *
 * ```
 * key    when the first is due u64 | its position u64, as of any entry of what is due
 * value  kind u8 | frame × n
 * frame  looked at u64 | end u64 | position u64 | box 32 | id 16
 * ```
 *
 * An entry for each frame would be half of all that reaches the disk under load.
 */
import { DUE_PAGE_FRAMES } from '../limits.js'
import { dueKey, readSeq, writeSeq } from './keys.js'

/** Kinds below are those of entries of one thing, in due.ts. */
const FRAMES_CODE = 4
const END_AT = 8
const SEQ_AT = 16
const BOX_AT = 24
const ID_AT = 56
const FRAME_BYTES = 72
const HEAD_BYTES = 1
const PAGE_BYTES: number = HEAD_BYTES + DUE_PAGE_FRAMES * FRAME_BYTES

interface Page {
  /** Of the first that is due. */
  at: number
  seq: number
  bytes: Buffer
  count: number
}

/** Entries of one transaction that are being filled. The memory is used again for the next. */
export interface DuePages {
  /** By window of time. Another map for each transaction: see positions.ts for what becomes of one that is used on and on. */
  open: Map<number, Page>
  readonly spare: Buffer[]
  readonly windowMs: number
}

/** Takes an entry: it is copied. */
export type PutEntry = (key: Uint8Array, value: Uint8Array) => void

/** `windowMs`: frames of one entry are due within it. */
export function createDuePages(windowMs: number): DuePages {
  return { open: new Map(), spare: [], windowMs }
}

function newPage({ spare }: DuePages, at: number, seq: number): Page {
  const bytes = spare.pop() ?? Buffer.allocUnsafeSlow(PAGE_BYTES)
  bytes[0] = FRAMES_CODE
  return { at, seq, bytes, count: 0 }
}

function finish({ spare }: DuePages, { at, seq, bytes, count }: Page, put: PutEntry): void {
  put(dueKey(at, seq), bytes.subarray(0, HEAD_BYTES + count * FRAME_BYTES))
  spare.push(bytes)
}

/** Notes that the frame at position `seq` is looked at `at`, and goes at `end`. Entries that are full are put. */
export function addDue(
  pages: DuePages,
  at: number,
  end: number,
  seq: number,
  box: Uint8Array,
  id: Uint8Array,
  put: PutEntry,
): void {
  const window = Math.floor(at / pages.windowMs)
  let page = pages.open.get(window)
  if (page === undefined) {
    page = newPage(pages, at, seq)
    pages.open.set(window, page)
  } else if (at < page.at) {
    page.at = at
    page.seq = seq
  }
  const { bytes } = page
  const start = HEAD_BYTES + page.count * FRAME_BYTES
  writeSeq(bytes, start, at)
  writeSeq(bytes, start + END_AT, end)
  writeSeq(bytes, start + SEQ_AT, seq)
  bytes.set(box, start + BOX_AT)
  bytes.set(id, start + ID_AT)
  page.count += 1
  if (page.count < DUE_PAGE_FRAMES) return
  pages.open.delete(window)
  finish(pages, page, put)
}

/** Puts all entries that were begun. */
export function finishPages(pages: DuePages, put: PutEntry): void {
  for (const page of pages.open.values()) finish(pages, page, put)
  clearPages(pages)
}

/** Forgets what a transaction that failed has begun. */
export function clearPages(pages: DuePages): void {
  if (pages.open.size > 0) pages.open = new Map()
}

/** What an entry says of one frame. */
export interface FrameDue {
  readonly at: number
  readonly end: number
  readonly seq: number
  readonly box: Uint8Array
  readonly id: Uint8Array
}

/** True for the value of an entry of many frames. */
export function isPage(value: Uint8Array): boolean {
  return value[0] === FRAMES_CODE
}

export function decodePage(value: Uint8Array): FrameDue[] {
  const frames: FrameDue[] = []
  for (let start = HEAD_BYTES; start < value.length; start += FRAME_BYTES)
    frames.push({
      at: readSeq(value, start),
      end: readSeq(value, start + END_AT),
      seq: readSeq(value, start + SEQ_AT),
      box: value.subarray(start + BOX_AT, start + ID_AT),
      id: value.subarray(start + ID_AT, start + FRAME_BYTES),
    })
  return frames
}
