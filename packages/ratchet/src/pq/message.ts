/**
 * What a frame's padding says of the exchange (spec/session.md, "In the padding").
 *
 *   nothing     zeros
 *   something   version 1 u4, acknowledgements u4 | runs | zeros
 *   run         value u1, count u7 | first index u8 | chunk 16 × count
 *
 * Which exchange it is about needs no byte: the one after the epoch that the frame is sent under.
 */
import { RatchetError } from '../errors.js'
import { CHUNK_BYTES, CHUNK_INDICES } from './erasure.js'

const VERSION = 1
const ACKS = 0b11
const COUNT_MASK = 0x7f
const VALUE_BIT = 0x80
export const MESSAGE_BYTES = 1
export const RUN_BYTES = 2
/** Below it a frame has no room for a chunk. */
export const MIN_CHUNK_ROOM: number = MESSAGE_BYTES + RUN_BYTES + CHUNK_BYTES

export interface Run {
  /** 0 or 1: which of the sender's two values. */
  readonly value: number
  readonly first: number
  readonly data: Uint8Array
}

export interface PqMessage {
  /** Bit i: the sender has all of the receiver's value i. */
  readonly acks: number
  /** At most one of each value, in order. */
  readonly runs: readonly Run[]
}

const NOTHING: PqMessage = { acks: 0, runs: [] }

export function encodeMessage({ acks, runs }: PqMessage): Uint8Array {
  if (acks === 0 && runs.length === 0) return new Uint8Array(0)
  let length = MESSAGE_BYTES
  for (const { data } of runs) length += RUN_BYTES + data.length
  const out = new Uint8Array(length)
  out[0] = (VERSION << 4) | acks
  let at = MESSAGE_BYTES
  for (const { value, first, data } of runs) {
    out[at] = (value === 0 ? 0 : VALUE_BIT) | (data.length / CHUNK_BYTES)
    out[at + 1] = first
    out.set(data, at + RUN_BYTES)
    at += RUN_BYTES + data.length
  }
  return out
}

/** Strict: whatever is not exactly this is refused. @throws RatchetError `ratchet/bad-frame` */
export function decodeMessage(padding: Uint8Array): PqMessage {
  const head = padding[0] ?? 0
  if (head === 0) {
    checkZero(padding, 0)
    return NOTHING
  }
  const acks = head & 0xf
  if (head >>> 4 !== VERSION || acks > ACKS) refuse('version', head)
  const runs: Run[] = []
  let at = MESSAGE_BYTES
  while (at < padding.length && padding[at] !== 0) {
    const run = readRun(padding, at)
    if (run.value <= (runs.at(-1)?.value ?? -1)) refuse('value', run.value)
    runs.push(run)
    at += RUN_BYTES + run.data.length
  }
  checkZero(padding, at)
  if (acks === 0 && runs.length === 0) refuse('acks', acks)
  return { acks, runs }
}

function readRun(padding: Uint8Array, at: number): Run {
  const head = padding[at] as number
  const count = head & COUNT_MASK
  const first = padding[at + 1] ?? 0
  const start = at + RUN_BYTES
  const end = start + count * CHUNK_BYTES
  if (count === 0 || end > padding.length || first + count > CHUNK_INDICES) refuse('count', count)
  return { value: head >>> 7, first, data: padding.slice(start, end) }
}

function checkZero(padding: Uint8Array, from: number): void {
  for (let i = from; i < padding.length; i++) if (padding[i] !== 0) refuse('padding', i)
}

function refuse(name: string, value: number): never {
  throw new RatchetError('ratchet/bad-frame', { details: { [name]: value } })
}
