/**
 * What expires when: one entry for each thing that does, in order of the time it is looked at. spec/relay.md section 5.
 *
 * The time is that of the thing's class and a random part longer, so it does not say when the thing came. What was
 * renewed meanwhile is noted anew when its old time has come, so that renewing writes nothing here.
 */
import type { CryptoProvider } from '@hyphae/crypto'
import type { TtlClass } from '@hyphae/transport-relay/wire'
import { DUE_WINDOWS, type RelayLimits } from '../limits.js'
import type { Batch } from './batch.js'
import { decodePage, isPage } from './due-page.js'
import { dueKey, readSeq, writeSeq } from './keys.js'

/** A number in [0, 1). */
export type Random = () => number

const POOL_BYTES = 4096

/** Drawn from a pool: a call to the generator for each frame would cost more than the rest of its entry. */
export function randomOf({ randomBytes }: Pick<CryptoProvider, 'randomBytes'>): Random {
  let pool: DataView = new DataView(new ArrayBuffer(0))
  let at = 0
  return () => {
    if (at === pool.byteLength) {
      const bytes = randomBytes(POOL_BYTES)
      pool = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      at = 0
    }
    at += 4
    return pool.getUint32(at - 4) / 2 ** 32
  }
}

/** In the order of their codes; the next is that of many frames in one entry, see due-page.ts. */
const KINDS = ['frame', 'terms', 'spend', 'log'] as const
export type DueKind = (typeof KINDS)[number]

export interface Due {
  /** Key of the entry: when it is looked at, and its number. */
  readonly at: number
  readonly seq: number
  readonly kind: DueKind
  /** A frame's end: its id may be looked at earlier. 0 for the others, which say themselves how long they last. */
  readonly end: number
  /** Box, name of a spend, or log. */
  readonly name: Uint8Array
  /** Of a frame; else empty. */
  readonly id: Uint8Array
}

const NAME_AT = 9
const ID_AT = 41
const ID_BYTES = 16
const LONGEST_CLASS = 30

/** How long something of this class lasts at least, in ms. */
export function classMs(ttl: TtlClass, { frameLifeMs }: RelayLimits): number {
  return (frameLifeMs * ttl) / LONGEST_CLASS
}

/** When something that lasts `life` ms from now goes: up to a fraction of that later. */
export function endOf(now: number, life: number, { expiryJitter }: RelayLimits, random: Random): number {
  return Math.floor(now + life * (1 + expiryJitter * random()))
}

/** Frames whose ids are looked at within this time may share an entry: a part of the time over which ids are kept. */
export function dueWindowMs({ idLifeMs }: RelayLimits): number {
  return Math.max(1, idLifeMs / DUE_WINDOWS)
}

export interface FrameTimes {
  /** When it is looked at whether the frame is acknowledged and its id may go. */
  readonly at: number
  readonly end: number
}

export function frameTimes(ttl: TtlClass, limits: RelayLimits, now: number, random: Random): FrameTimes {
  const end = endOf(now, classMs(ttl, limits), limits, random)
  const idEnd = endOf(now, limits.idLifeMs, limits, random)
  return { at: Math.min(idEnd, end), end }
}

function encode(kind: DueKind, end: number, name: Uint8Array, id: Uint8Array | undefined): Buffer {
  const value = Buffer.allocUnsafe(ID_AT + (id === undefined ? 0 : ID_BYTES))
  value[0] = KINDS.indexOf(kind)
  writeSeq(value, 1, end)
  value.set(name, NAME_AT)
  if (id !== undefined) value.set(id, ID_AT)
  return value
}

export function decodeDue(key: Uint8Array, value: Uint8Array): Due {
  return {
    at: readSeq(key, 1),
    seq: readSeq(key, 9),
    kind: KINDS[value[0] as number] as DueKind,
    end: readSeq(value, 1),
    name: value.subarray(NAME_AT, ID_AT),
    id: value.subarray(ID_AT),
  }
}

/** All that one entry speaks of, each as if it had an entry of its own. */
export function decodeDues(key: Uint8Array, value: Uint8Array): Due[] {
  if (!isPage(value)) return [decodeDue(key, value)]
  return decodePage(value).map(({ box, ...frame }) => ({ kind: 'frame', name: box, ...frame }))
}

export function encodeFrameDue(end: number, box: Uint8Array, id: Uint8Array): Buffer {
  return encode('frame', end, box, id)
}

export function appendDue(batch: Batch, kind: Exclude<DueKind, 'frame'>, at: number, name: Uint8Array): void {
  batch.counters.rows += 1
  batch.append(dueKey(at, batch.counters.nextSeq++), encode(kind, 0, name, undefined))
}

/** Looks at it again at `at`; for frames see due-page.ts. */
export function moveDue(batch: Batch, due: Due, at: number): void {
  batch.del(dueKey(due.at, due.seq))
  batch.append(dueKey(at, due.seq), encode(due.kind, due.end, due.name, undefined))
}
