/**
 * Which session a frame may belong to, by its tag: one look-up, however many sessions there are (spec/session.md,
 * "Finding a session").
 *
 * A hint only: whoever asks tries the sessions named. Entries are added as a session moves and removed when that is
 * durable, so that a transaction that fails has lost none. Keys are the first 30 bits of a tag, which are random.
 */
import { readU32 } from '@hyphae/tlv'

/** Where the tag stands in a frame (spec/frames.md). */
const TAG_OFFSET = 2
const WORD_MASK = 0x3fff_ffff

export interface SessionPlace {
  readonly device: string
  /** Hexadecimal. */
  readonly id: string
}

export interface TagIndex {
  /** Sessions that may expect this frame; nearly always one or none. */
  find(frame: Uint8Array): readonly SessionPlace[]
  /** The session expects these tags from now on, and until `settle` those before as well. */
  add(place: SessionPlace, tags: readonly Uint8Array[]): void
  /** What was added last is what holds. */
  settle(place: SessionPlace): void
  remove(place: SessionPlace): void
}

interface Known {
  readonly place: SessionPlace
  readonly words: Set<number>
  latest: ReadonlySet<number>
}

export const placeName = ({ device, id }: SessionPlace): string => `${id} ${device}`
const NONE: readonly SessionPlace[] = []

export function createTagIndex(): TagIndex {
  const places = new Map<number, SessionPlace | SessionPlace[]>()
  const known = new Map<string, Known>()

  const put = (word: number, place: SessionPlace): void => {
    const there = places.get(word)
    if (there === undefined) places.set(word, place)
    else places.set(word, Array.isArray(there) ? [...there, place] : [there, place])
  }
  const take = (word: number, place: SessionPlace): void => {
    const there = places.get(word)
    const others = Array.isArray(there) ? there.filter((other) => other !== place) : []
    if (others.length === 0) places.delete(word)
    else places.set(word, others.length === 1 ? (others[0] as SessionPlace) : others)
  }
  const keep = (entry: Known, words: ReadonlySet<number>): void => {
    for (const word of entry.words) {
      if (words.has(word)) continue
      entry.words.delete(word)
      take(word, entry.place)
    }
  }

  return {
    find: (frame) => {
      const there = places.get(readU32(frame, TAG_OFFSET) & WORD_MASK)
      if (there === undefined) return NONE
      return Array.isArray(there) ? there : [there]
    },
    add: (place, tags) => {
      const name = placeName(place)
      const entry = known.get(name) ?? { place, words: new Set<number>(), latest: new Set<number>() }
      known.set(name, entry)
      const latest = new Set<number>()
      for (const tag of tags) latest.add(readU32(tag, 0) & WORD_MASK)
      for (const word of latest) {
        if (!entry.words.has(word)) put(word, entry.place)
        entry.words.add(word)
      }
      entry.latest = latest
    },
    settle: (place) => {
      const entry = known.get(placeName(place))
      if (entry !== undefined) keep(entry, entry.latest)
    },
    remove: (place) => {
      const entry = known.get(placeName(place))
      if (entry === undefined) return
      keep(entry, new Set())
      known.delete(placeName(place))
    },
  }
}
