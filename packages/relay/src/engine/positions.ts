/** Positions of the frames that wait, by box, in memory: 8 bytes a frame. Rebuilt from the keys at start. */
import { KEPT_EMPTY_BOXES } from '../limits.js'
import type { Slot } from './keys.js'
import { slotSeq } from './keys.js'

interface BoxSlots {
  /** Ascending. Those before `head` are gone. */
  slots: Slot[]
  head: number
  /** Whether it is among those that were seen empty. */
  seen: boolean
}

/** Shared by all boxes without mail, and never changed. */
const NO_SLOTS: Slot[] = []

export interface Positions {
  /** `slot` lies behind all others of the box. */
  add(box: string, slot: Slot): void
  count(box: string): number
  /** Slots up to and including `seq`, oldest first. */
  upTo(box: string, seq: number): Slot[]
  /** At most `limit` slots behind `seq`, oldest first. */
  after(box: string, seq: number, limit: number): Slot[]
  /** Forgets slots up to and including `seq`. */
  drop(box: string, seq: number): void
  has(box: string, seq: number): boolean
  /** Position of the newest; 0 when empty. */
  newest(box: string): number
  boxes(): number
  /** Forgets one slot, wherever it lies. */
  remove(box: string, seq: number): void
  /** The boxes with mail. */
  names(): Iterable<string>
  /** Told from now on when a box gets its first frame and when it loses its last. */
  observe(observer: BoxObserver): void
}

export interface BoxObserver {
  filled(box: string): void
  emptied(box: string): void
}

/** Index of the first slot whose position is greater than `seq`. */
function firstBehind({ slots, head }: BoxSlots, seq: number): number {
  let low = head
  let high = slots.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (slotSeq(slots[middle] as Slot) > seq) high = middle
    else low = middle + 1
  }
  return low
}

/** Removing from the front in small steps would copy the list each time. */
const COMPACT_FROM = 64

/**
 * A box that is empty stays a while in the map. Under load boxes are filled and emptied thousands of times a second, and
 * V8 makes a new table for a map after as many additions as half of it holds, however few entries remain; a thrown away
 * table that has grown old keeps all younger ones, and what they hold, until the next full garbage collection. Those
 * came once a second, and were what the slowest hundredth of all frames waited for. `kept`: empty boxes held at most.
 */
export function createPositions(kept: number = KEPT_EMPTY_BOXES): Positions {
  const byBox = new Map<string, BoxSlots>()
  let observer: BoxObserver | undefined
  let filled = 0
  let seenEmpty: string[] = []
  const forgetEmpty = (): void => {
    for (const box of seenEmpty) {
      const entry = byBox.get(box) as BoxSlots
      entry.seen = false
      if (entry.slots.length === 0) byBox.delete(box)
    }
    seenEmpty = []
  }
  const empty = (box: string, entry: BoxSlots): void => {
    entry.slots = NO_SLOTS
    entry.head = 0
    filled -= 1
    if (!entry.seen) {
      entry.seen = true
      if (seenEmpty.push(box) > kept) forgetEmpty()
    }
    observer?.emptied(box)
  }
  const fill = (box: string, slot: Slot): void => {
    const entry = byBox.get(box)
    if (entry === undefined) byBox.set(box, { slots: [slot], head: 0, seen: false })
    else entry.slots = [slot]
    filled += 1
    observer?.filled(box)
  }
  const drop = (box: string, seq: number): void => {
    const entry = byBox.get(box)
    if (entry === undefined || entry.slots.length === 0) return
    entry.head = firstBehind(entry, seq)
    if (entry.head === entry.slots.length) empty(box, entry)
    else if (entry.head >= COMPACT_FROM && entry.head * 2 >= entry.slots.length) {
      entry.slots = entry.slots.slice(entry.head)
      entry.head = 0
    }
  }
  return {
    add: (box, slot) => {
      const entry = byBox.get(box)
      if (entry === undefined || entry.slots.length === 0) fill(box, slot)
      else entry.slots.push(slot)
    },
    count: (box) => {
      const entry = byBox.get(box)
      return entry === undefined ? 0 : entry.slots.length - entry.head
    },
    upTo: (box, seq) => {
      const entry = byBox.get(box)
      return entry === undefined ? [] : entry.slots.slice(entry.head, firstBehind(entry, seq))
    },
    after: (box, seq, limit) => {
      const entry = byBox.get(box)
      if (entry === undefined) return []
      const from = firstBehind(entry, seq)
      return entry.slots.slice(from, from + limit)
    },
    drop,
    has: (box, seq) => {
      const entry = byBox.get(box)
      if (entry === undefined) return false
      const at = firstBehind(entry, seq) - 1
      return at >= entry.head && slotSeq(entry.slots[at] as Slot) === seq
    },
    newest: (box) => {
      const last = byBox.get(box)?.slots.at(-1)
      return last === undefined ? 0 : slotSeq(last)
    },
    boxes: () => filled,
    remove: (box, seq) => {
      const entry = byBox.get(box)
      if (entry === undefined) return
      const at = firstBehind(entry, seq) - 1
      if (at < entry.head || slotSeq(entry.slots[at] as Slot) !== seq) return
      if (entry.slots.length - entry.head === 1) empty(box, entry)
      else entry.slots.splice(at, 1)
    },
    *names() {
      for (const [box, { slots }] of byBox) if (slots.length > 0) yield box
    },
    observe: (given) => {
      observer = given
    },
  }
}
