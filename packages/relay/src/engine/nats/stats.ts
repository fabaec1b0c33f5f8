/**
 * Figures of what is stored. The servers count messages and bytes; frames by size and boxes are those of the
 * buckets this relay knows, since counting all would mean reading all.
 */
import { systemClock } from '@hyphae/core'
import type { BlobStore } from '../blob-store.js'
import type { EngineStats } from '../engine.js'
import type { Buckets } from './buckets.js'
import type { JetStream } from './jetstream.js'
import { STATS_AGE_MS } from './limits.js'
import type { Subjects } from './names.js'

export interface StatsContext {
  readonly js: JetStream
  readonly names: Subjects
  readonly buckets: Buckets
  readonly blobs: BlobStore
}

type Size = keyof EngineStats['frames']

function countFrames(buckets: Buckets): Pick<EngineStats, 'frames' | 'boxes'> {
  const frames = { 128: 0, 512: 0, 2048: 0, 4096: 0 }
  let boxes = 0
  for (const { state } of buckets.all())
    for (const { waiting } of state.boxes.values()) {
      if (waiting.length > 0) boxes += 1
      for (const { size } of waiting) frames[size as Size] += 1
    }
  return { frames, boxes }
}

async function count({ js, names, buckets, blobs }: StatsContext): Promise<EngineStats> {
  const [mail, documents, items, stored] = await Promise.all([
    js.info(names.mail),
    js.info(names.documents, names.document('record', '*')),
    js.info(names.items),
    blobs.counts(),
  ])
  return {
    ...countFrames(buckets),
    records: documents.matching,
    items: items.messages,
    blobs: stored.blobs,
    bytes: mail.bytes + documents.bytes + items.bytes + stored.bytes,
  }
}

/** Bytes of everything, as the servers count them. */
export async function storedBytes({ js, names, blobs }: Omit<StatsContext, 'buckets'>): Promise<number> {
  const streams = [names.mail, names.documents, names.terms, names.spent, names.logs, names.items, names.rows]
  const [stored, ...infos] = await Promise.all([blobs.counts(), ...streams.map((stream) => js.info(stream))])
  return infos.reduce((sum, { bytes }) => sum + bytes, stored.bytes)
}

export function createStats(context: StatsContext): () => Promise<EngineStats> {
  let held: Promise<EngineStats> | undefined
  let countedAt = 0
  return () => {
    if (held === undefined || systemClock.now() - countedAt > STATS_AGE_MS) {
      countedAt = systemClock.now()
      held = count(context)
      held.catch(() => {
        held = undefined
      })
    }
    return held
  }
}
