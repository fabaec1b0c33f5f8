/**
 * Who is told of what, over all connections: readers of buckets of new frames, listeners of channels of what is
 * announced. spec/relay.md sections 3.3 and 3.5. Stores nothing.
 */
import type { BucketPrefix, StoredFrame } from '@hyphae/transport-relay/wire'
import { bucketHead } from '../engine/buckets.js'
import type { BoxFrame, RelayEngine } from '../engine/engine.js'

/** Called when a frame came into the bucket, or may have; with it where nothing lies between it and the one before. */
export type Wake = (frame?: BoxFrame) => void
export type Hear = (frame: Uint8Array) => void

export interface Exchange {
  /** The result ends it. */
  watchBucket(bucket: BucketPrefix, wake: Wake): () => void
  /** The result ends it; undefined: the channel has as many listeners as it may. */
  listen(channel: string, hear: Hear): (() => void) | undefined
}

/** Sets by name; the result of `add` takes the member out again. */
interface Sets<T> {
  of(name: string): Iterable<T>
  /** Undefined when there are `most` already. */
  add(name: string, member: T, most: number): (() => void) | undefined
}

function createSets<T>(): Sets<T> {
  const byName = new Map<string, Set<T>>()
  return {
    of: (name) => byName.get(name) ?? [],
    add: (name, member, most) => {
      const set = byName.get(name) ?? new Set()
      if (set.size >= most) return undefined
      byName.set(name, set)
      set.add(member)
      return () => {
        if (set.delete(member) && set.size === 0) byName.delete(name)
      }
    },
  }
}

/** Watches of one number of bits, so that a new frame is looked up once for each number in use. */
interface Width {
  readonly bits: number
  readonly wakes: Sets<Wake>
  count: number
}

function watchers(engine: RelayEngine): Exchange['watchBucket'] {
  const widths = new Map<number, Width>()
  const all = new Set<Wake>()
  const tell = (box: string, stored: StoredFrame | undefined): void => {
    const whole = stored !== undefined && engine.inOrder === true
    const frame = whole ? { ...stored, box: Buffer.from(box, 'latin1') } : undefined
    for (const { bits, wakes } of widths.values())
      for (const wake of wakes.of(String(bucketHead(box, bits)))) wake(frame)
  }
  engine.onStored((box, stored) => {
    if (box === undefined) for (const wake of all) wake()
    else if (widths.size > 0) tell(box, stored)
  })
  return ({ bits, prefix }, given) => {
    // One watch, one member, also where a connection watches a bucket twice.
    const wake: Wake = (frame) => given(frame)
    const width = widths.get(bits) ?? { bits, wakes: createSets(), count: 0 }
    const forget = width.wakes.add(String(prefix), wake, Number.POSITIVE_INFINITY)
    widths.set(bits, width)
    width.count += 1
    all.add(wake)
    engine.interest?.({ bits, prefix }, true)
    return () => {
      if (!all.delete(wake)) return
      engine.interest?.({ bits, prefix }, false)
      forget?.()
      width.count -= 1
      if (width.count === 0) widths.delete(bits)
    }
  }
}

function listeners(engine: RelayEngine, most: number): Exchange['listen'] {
  const channels = createSets<Hear>()
  engine.onAnnounced((channel, frame) => {
    for (const hear of channels.of(channel)) hear(frame)
  })
  return (channel, hear) => channels.add(channel, hear, most)
}

export function createExchange(engine: RelayEngine, most: number): Exchange {
  return { watchBucket: watchers(engine), listen: listeners(engine, most) }
}
