/**
 * Which boxes with mail lie in a bucket, and their frames in the order they came. spec/relay.md section 3.3.
 *
 * The index is built when a bucket is first asked for: relays whose clients ask for none hold nothing for it.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { type BucketPrefix, MAX_FETCH_BYTES } from '@hyphae/transport-relay/wire'
import { INDEX_STEP } from '../limits.js'
import type { Database } from './database.js'
import type { BoxFrame, BucketPage } from './engine.js'
import { frameKey, type Slot, slotSeq, slotSize } from './keys.js'
import type { Positions } from './positions.js'

const INDEX_BITS = 16

/** The first bits of a box, by name, as a number. */
export function bucketHead(box: string, bits: number): number {
  const word =
    box.charCodeAt(0) * 2 ** 24 + (box.charCodeAt(1) << 16) + (box.charCodeAt(2) << 8) + box.charCodeAt(3)
  return Math.floor(word / 2 ** (32 - bits))
}

/** True when the box, by name, lies in the bucket. */
export function inBucket(box: string, { bits, prefix }: BucketPrefix): boolean {
  return bucketHead(box, bits) === prefix
}

export interface Buckets {
  /** Resolves when the index is there. */
  ready(): Promise<void>
  /** Only once it is there. */
  boxes(bucket: BucketPrefix): Iterable<string>
}

type Index = Map<number, Set<string>>

function add(index: Index, box: string): void {
  const place = bucketHead(box, INDEX_BITS)
  const set = index.get(place)
  if (set === undefined) index.set(place, new Set([box]))
  else set.add(box)
}

function remove(index: Index, box: string): void {
  const place = bucketHead(box, INDEX_BITS)
  const set = index.get(place)
  set?.delete(box)
  if (set?.size === 0) index.delete(place)
}

/** Follows changes from the first moment, so that others may go on while it is built. */
async function build(index: Index, positions: Positions): Promise<void> {
  positions.observe({ filled: (box) => add(index, box), emptied: (box) => remove(index, box) })
  let boxes = 0
  for (const box of positions.names()) {
    add(index, box)
    boxes += 1
    if (boxes % INDEX_STEP === 0) await turn()
  }
}

function* places(index: Index, { bits, prefix }: BucketPrefix): Generator<Set<string>> {
  const spread = 2 ** Math.max(0, INDEX_BITS - bits)
  const first = bits <= INDEX_BITS ? prefix * spread : Math.floor(prefix / 2 ** (bits - INDEX_BITS))
  if (spread > index.size) {
    for (const [place, set] of index) if (place >= first && place < first + spread) yield set
    return
  }
  for (let place = first; place < first + spread; place++) {
    const set = index.get(place)
    if (set !== undefined) yield set
  }
}

export function createBuckets(positions: Positions): Buckets {
  const index: Index = new Map()
  let built: Promise<void> | undefined
  return {
    ready: () => {
      built ??= build(index, positions)
      return built
    },
    *boxes(bucket) {
      for (const set of places(index, bucket)) for (const box of set) if (inBucket(box, bucket)) yield box
    },
  }
}

/** The next frame of one box. */
interface Front {
  readonly box: string
  slot: Slot
}

/** Moves the front at `at` down to where it belongs; the oldest is at 0. */
function sink(heap: Front[], from: number): void {
  let at = from
  for (;;) {
    const left = 2 * at + 1
    if (left >= heap.length) return
    const right = left + 1
    const [a, b] = [heap[left] as Front, heap[right]]
    const least = b !== undefined && b.slot < a.slot ? right : left
    const [mine, other] = [heap[at] as Front, heap[least] as Front]
    if (mine.slot <= other.slot) return
    heap[at] = other
    heap[least] = mine
    at = least
  }
}

function fronts(positions: Positions, boxes: Iterable<string>, after: number): Front[] {
  const heap: Front[] = []
  for (const box of boxes) {
    const [slot] = positions.after(box, after, 1)
    if (slot !== undefined) heap.push({ box, slot })
  }
  for (let at = (heap.length >>> 1) - 1; at >= 0; at--) sink(heap, at)
  return heap
}

/** The oldest frames of the boxes, as many as fit; true when there are more. */
function pick(positions: Positions, heap: Front[], limit: number): { page: Front[]; more: boolean } {
  const page: Front[] = []
  let bytes = 0
  while (heap.length > 0) {
    const top = heap[0] as Front
    bytes += slotSize(top.slot)
    if (page.length === limit || (bytes > MAX_FETCH_BYTES && page.length > 0)) return { page, more: true }
    page.push({ ...top })
    const [next] = positions.after(top.box, slotSeq(top.slot), 1)
    if (next !== undefined) top.slot = next
    else {
      const last = heap.pop() as Front
      if (heap.length > 0) heap[0] = last
    }
    sink(heap, 0)
  }
  return { page, more: false }
}

export interface BucketSource {
  readonly database: Database
  readonly positions: Positions
  readonly buckets: Buckets
}

export async function bucketPage(
  { database, positions, buckets }: BucketSource,
  bucket: BucketPrefix,
  after: number,
  limit: number,
): Promise<BucketPage> {
  await buckets.ready()
  const { page, more } = pick(positions, fronts(positions, buckets.boxes(bucket), after), limit)
  const last = page.at(-1)
  if (last === undefined) return { more: false, next: after, frames: [] }
  const places = page.map(({ box, slot }) => ({ box: Buffer.from(box, 'latin1'), slot }))
  const found = await database.getMany(places.map(({ box, slot }) => frameKey(box, slot)))
  const frames: BoxFrame[] = []
  places.forEach(({ box, slot }, i) => {
    const frame = found[i]
    // Acknowledged while it was being read.
    if (frame !== undefined) frames.push({ cursor: slotSeq(slot), box, frame })
  })
  return { more, next: slotSeq(last.slot), frames }
}
