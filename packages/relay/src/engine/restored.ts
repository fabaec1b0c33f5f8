/**
 * What a backup becomes when it is put back: the relay is then younger than its clients. spec/relay-rest.md 7.
 *
 * One-time items of the backup may have been handed out since, so none is kept: owners bring new ones and last
 * resorts serve until then. Positions go on far behind those the clients have seen, so that a cursor of theirs
 * hides nothing that comes.
 */
import { RelayError } from '../errors.js'
import { RESTORE_JUMP } from '../limits.js'
import { decodeCounters, encodeCounters } from './counters.js'
import type { Entry } from './engine.js'
import { isItemKey, isMetaKey, isStockKey } from './keys.js'
import { withoutItems } from './stocks.js'

/** @throws RelayError `relay/bad-backup` when the counters are missing or of another version */
export async function* restored(chunks: AsyncIterable<readonly Entry[]>): AsyncGenerator<Entry[]> {
  let items = 0
  let itemBytes = 0
  let meta: Entry | undefined
  for await (const chunk of chunks) {
    const kept: Entry[] = []
    for (const [key, value] of chunk) {
      if (isItemKey(key)) {
        items += 1
        itemBytes += value.length
      } else if (isMetaKey(key)) meta = [key, value]
      else kept.push([key, isStockKey(key) ? withoutItems(value) : value])
    }
    if (kept.length > 0) yield kept
  }
  // A relay that never stored anything has no counters.
  if (meta === undefined) return
  const counters = decodeCounters(meta[1])
  if (counters === undefined)
    throw new RelayError('relay/bad-backup', { details: { reason: 'other version' } })
  counters.items -= items
  counters.bytes -= itemBytes
  counters.nextSeq += RESTORE_JUMP
  const value = encodeCounters(counters)
  // The version is that of the other entries: the engine brings all of them up to date together.
  value[0] = meta[1][0] as number
  yield [[meta[0], value]]
}
