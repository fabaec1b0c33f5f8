/** Reads what a journal holds after a stop: whole records in order, up to a torn end. spec/relay.md section 5. */
import { open } from 'node:fs/promises'
import { RelayError } from '../../errors.js'
import type { Write } from '../database.js'
import { isWhole, RECORD_HEADER_BYTES, type RecordHeader, readHeader, readRows } from './record.js'

export interface Replayed {
  /** 0 for a file that was never used. */
  readonly epoch: number
  readonly before: number
  /** Bytes of whole records; 0 when everything has been carried over. */
  readonly used: number
  readonly records: readonly (readonly Write[])[]
}

async function readImage(path: string): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const image = Buffer.allocUnsafeSlow(size)
    const { bytesRead } = await file.read(image, 0, size, 0)
    return image.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

const NOTHING: Replayed = { epoch: 0, before: 0, used: 0, records: [] }

function follows(first: RecordHeader, header: RecordHeader, number: number): boolean {
  return header.epoch === first.epoch && header.salt === first.salt && header.number === number
}

/** Where epoch and salt lie in a record. */
const EPOCH_AT = 12

/**
 * A torn record is the last that was written: one that is damaged before another was written long ago. The salt is
 * random, so that nothing else in the file looks like a record of this epoch.
 */
function assertNothingBehind(image: Buffer, end: number, first: RecordHeader, count: number): void {
  const mark = image.subarray(EPOCH_AT, EPOCH_AT + 8)
  for (let at = image.indexOf(mark, end); at >= 0; at = image.indexOf(mark, at + 1)) {
    const header = readHeader(image, at - EPOCH_AT)
    if (header !== undefined && header.epoch === first.epoch && header.number > count)
      throw new RelayError('relay/data-corrupt')
  }
}

/** @throws RelayError `relay/data-corrupt` */
export async function replaySegment(path: string): Promise<Replayed> {
  const image = await readImage(path)
  const first = readHeader(image, 0)
  if (first === undefined) return NOTHING
  const { epoch, before } = first
  if (first.length === 0) return { epoch, before, used: 0, records: [] }
  const records: Write[][] = []
  let at = 0
  for (let header: RecordHeader | undefined = first; header !== undefined; header = readHeader(image, at)) {
    if (!follows(first, header, records.length) || !isWhole(image, at, header)) break
    records.push(readRows(image, at, header.length))
    at += RECORD_HEADER_BYTES + header.length
  }
  assertNothingBehind(image, at, first, records.length)
  return { epoch, before, used: at, records }
}

/** In the order they were written. @throws RelayError `relay/data-corrupt` when one lost its end */
export function inOrder(segments: readonly Replayed[]): Replayed[] {
  const sorted = [...segments].sort((a, b) => a.epoch - b.epoch)
  const full = sorted.filter(({ used }) => used > 0)
  full.forEach(({ before }, i) => {
    const previous = full[i - 1]
    if (previous !== undefined && before !== previous.used) throw new RelayError('relay/data-corrupt')
  })
  return full
}
