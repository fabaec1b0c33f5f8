/** Figures of what is stored: the servers count messages and bytes, relays frames and boxes. */
import { systemClock } from '@hyphae/core'
import type { BlobStore } from '../blob-store.js'
import type { EngineStats } from '../engine.js'
import { STATS_AGE_MS } from './limits.js'
import { type SurveyContext, survey } from './survey.js'

export interface StatsContext extends SurveyContext {
  readonly blobs: BlobStore
}

async function count(context: StatsContext): Promise<EngineStats> {
  const { js, names, blobs } = context
  const [counted, mail, documents, items, stored] = await Promise.all([
    survey(context),
    js.info(names.mail),
    js.info(names.documents, names.document('record', '*')),
    js.info(names.items),
    blobs.counts(),
  ])
  return {
    boxes: counted.boxes,
    frames: counted.frames,
    records: documents.matching,
    items: items.messages,
    blobs: stored.blobs,
    bytes: mail.bytes + documents.bytes + items.bytes + stored.bytes,
  }
}

/** Bytes of everything, as the servers count them. */
export async function storedBytes({
  js,
  names,
  blobs,
}: Pick<StatsContext, 'js' | 'names' | 'blobs'>): Promise<number> {
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
