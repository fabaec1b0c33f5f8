/**
 * Finds pairs of box and id among those that lie one behind the other in some memory: a hash table of their places,
 * without a copy or a string for each.
 *
 * The hash is seeded, so that nobody can choose ids that fall together.
 */
import { randomFillSync } from 'node:crypto'

const BOX_BYTES = 32
/** Box and id one behind the other, as they lie in a key. */
const PAIR_BYTES = 48
const WORDS = PAIR_BYTES / 4

/** Odd, so that no bit of a word is lost. */
const SEEDS = randomFillSync(new Int32Array(WORDS)).map((seed) => seed | 1)

const FIRST_SLOTS = 1024

export interface IdIndex {
  /** Where pairs begin, by slot; 0 is a free slot, and nothing lies there. */
  places: Int32Array
  hashes: Int32Array
  count: number
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

/** The high bits of a product depend on all bits of its factors: they are mixed into the low ones. */
function folded(product: number): number {
  return product ^ (product >>> 15)
}

function hashWords(bytes: Uint8Array, at: number, count: number, seed: number): number {
  let sum = 0
  for (let i = 0; i < count; i++)
    sum = (sum + folded(Math.imul(word(bytes, at + 4 * i), SEEDS[seed + i] as number))) | 0
  return sum
}

function finished(sum: number): number {
  return folded(Math.imul(sum, SEEDS[0] as number))
}

export function hashPair(box: Uint8Array, id: Uint8Array): number {
  const boxWords = BOX_BYTES / 4
  return finished((hashWords(box, 0, boxWords, 0) + hashWords(id, 0, WORDS - boxWords, boxWords)) | 0)
}

/** `hashPair` of the pair at `at`. */
export function hashPairAt(memory: Uint8Array, at: number): number {
  return finished(hashWords(memory, at, WORDS, 0))
}

function isPairAt(memory: Uint8Array, at: number, box: Uint8Array, id: Uint8Array): boolean {
  // Ids differ most.
  for (let i = 0; i < PAIR_BYTES - BOX_BYTES; i++) if (memory[at + BOX_BYTES + i] !== id[i]) return false
  for (let i = 0; i < BOX_BYTES; i++) if (memory[at + i] !== box[i]) return false
  return true
}

function samePair(memory: Uint8Array, at: number, other: number): boolean {
  for (let i = PAIR_BYTES - 1; i >= 0; i--) if (memory[at + i] !== memory[other + i]) return false
  return true
}

export function createIdIndex(): IdIndex {
  return { places: new Int32Array(FIRST_SLOTS), hashes: new Int32Array(FIRST_SLOTS), count: 0 }
}

/** The memory is used again. */
export function clearIdIndex(index: IdIndex): void {
  if (index.count > 0) index.places.fill(0)
  index.count = 0
}

function put(places: Int32Array, hashes: Int32Array, place: number, hash: number): void {
  const mask = places.length - 1
  let slot = hash & mask
  while (places[slot] !== 0) slot = (slot + 1) & mask
  places[slot] = place
  hashes[slot] = hash
}

function grow(index: IdIndex): void {
  const { places, hashes } = index
  index.places = new Int32Array(2 * places.length)
  index.hashes = new Int32Array(2 * places.length)
  places.forEach((place, slot) => {
    if (place !== 0) put(index.places, index.hashes, place, hashes[slot] as number)
  })
}

/** Notes the pair at `place` of the memory, of which `hash` is the hash; it takes the place of the same pair elsewhere. */
export function notePair(index: IdIndex, memory: Uint8Array, hash: number, place: number): void {
  const { places, hashes } = index
  const mask = places.length - 1
  let slot = hash & mask
  for (; places[slot] !== 0; slot = (slot + 1) & mask) {
    if (hashes[slot] !== hash || !samePair(memory, places[slot] as number, place)) continue
    places[slot] = place
    return
  }
  places[slot] = place
  hashes[slot] = hash
  index.count += 1
  if (2 * index.count > places.length) grow(index)
}

/** Where the pair lies in the memory; 0 when it was not noted. */
export function findPair(
  { places, hashes }: IdIndex,
  memory: Uint8Array,
  hash: number,
  box: Uint8Array,
  id: Uint8Array,
): number {
  const mask = places.length - 1
  for (let slot = hash & mask; places[slot] !== 0; slot = (slot + 1) & mask)
    if (hashes[slot] === hash && isPairAt(memory, places[slot] as number, box, id))
      return places[slot] as number
  return 0
}
