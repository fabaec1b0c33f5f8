/**
 * Which ids a box has certainly not had: a Bloom filter in memory, so that a new frame asks nothing of the disk.
 * spec/relay.md section 5.
 *
 * Filled from the store in the background after a start; until then every id may have been there. Ids are forgotten
 * by time: a filter takes those of one period, and the one before stays beside it for another.
 */
import type { Clock } from '@hyphae/core'
import type { Database } from './database.js'
import { ID_RANGE, readIdKey } from './keys.js'

export interface IdFilter {
  /** False: this id is new to the box. True: the store knows. */
  maybe(box: Uint8Array, id: Uint8Array): boolean
  add(box: Uint8Array, id: Uint8Array): void
  /** From now on what is not here is not in the store. */
  filled(): void
}

/** 64 bytes: one line of the processor's cache. */
const BLOCK_WORDS = 16

/** One id in ten thousand that is new has to be looked up: each time a whole batch waits for it. */
const BITS_PER_ID = 24
const PROBES = 8

/** Ids of the first part; each further one has twice as many. */
const FIRST_IDS = 64 * 1024

interface Part {
  readonly words: Int32Array
  readonly blocks: number
  room: number
}

/** The parts of one period, newest last. */
type Period = Part[]

function newPart(ids: number): Part {
  const words = (ids * BITS_PER_ID) / 32
  return { words: new Int32Array(words), blocks: words / BLOCK_WORDS, room: ids }
}

/**
 * Ids are random and boxes are keys, so their bits are as good as a hash. Whoever chooses them badly makes only
 * their own puts slower.
 */
let blockHash = 0
let probeHash = 0

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

function hash(box: Uint8Array, id: Uint8Array): void {
  const a = Math.imul(word(id, 0) ^ word(box, 0), 0x9e3779b1)
  const b = Math.imul(word(id, 4) ^ word(box, 8), 0x85ebca6b)
  const c = Math.imul(word(id, 8) ^ word(box, 16), 0xc2b2ae35)
  const d = Math.imul(word(id, 12) ^ word(box, 24), 0x27d4eb2f)
  blockHash = (a ^ (b >>> 15) ^ c ^ (d >>> 13)) >>> 0
  probeHash = Math.imul(b ^ (a >>> 16) ^ (c >>> 11) ^ d, 0x165667b1)
}

function visit({ words, blocks }: Part, set: boolean): boolean {
  const start = (blockHash % blocks) * BLOCK_WORDS
  let bits = probeHash
  for (let i = 0; i < PROBES; i++) {
    const bit = bits >>> 23
    const at = start + (bit >>> 5)
    const mask = 1 << (bit & 31)
    if (set) words[at] = (words[at] as number) | mask
    else if (((words[at] as number) & mask) === 0) return false
    bits = Math.imul(bits, 0x9e3779b1) + 0x7f4a7c15
  }
  return true
}

function isIn(period: Period): boolean {
  for (let i = period.length - 1; i >= 0; i--) if (visit(period[i] as Part, false)) return true
  return false
}

/** `periodMs`: an id of the store is never older. */
export function createIdFilter(clock: Clock, periodMs: number): IdFilter {
  let current: Period = [newPart(FIRST_IDS)]
  let previous: Period = []
  let begun = clock.now()
  let ready = false
  const turn = (): void => {
    const now = clock.now()
    // A clock that went back makes the period longer, never shorter.
    if (now - begun < periodMs) return
    previous = now - begun < 2 * periodMs ? current : []
    current = [newPart(FIRST_IDS)]
    begun = now
  }
  return {
    maybe: (box, id) => {
      if (!ready) return true
      hash(box, id)
      return isIn(current) || isIn(previous)
    },
    add: (box, id) => {
      turn()
      let part = current[current.length - 1] as Part
      if (part.room === 0) {
        part = newPart((part.words.length * 32 * 2) / BITS_PER_ID)
        current.push(part)
      }
      part.room -= 1
      hash(box, id)
      visit(part, true)
    },
    filled: () => {
      ready = true
    },
  }
}

/** Adds what the store holds. */
export async function fillIds(ids: IdFilter, database: Database): Promise<void> {
  for await (const key of database.keys(ID_RANGE)) {
    const { box, id } = readIdKey(key)
    ids.add(box, id)
  }
  ids.filled()
}
