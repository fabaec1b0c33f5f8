/** Stores of the first layout kept when each frame came; that becomes when it is due. spec/relay.md section 5. */
import { type RelayLimits, SWEEP_STEP } from '../limits.js'
import type { Database, Write } from './database.js'
import { classMs, encodeFrameDue } from './due.js'
import { dueKey, readSeq, TIME_RANGE } from './keys.js'

function moved(key: Uint8Array, value: Uint8Array, limits: RelayLimits): Write[] {
  const storedAt = readSeq(value, 0)
  const end = storedAt + classMs(30, limits)
  const at = Math.min(end, storedAt + limits.idLifeMs)
  const due = encodeFrameDue(end, value.subarray(8, 40), value.subarray(40, 56))
  return [
    { type: 'put', key: dueKey(at, readSeq(key, 1)), value: due },
    { type: 'del', key },
  ]
}

/** Nothing is lost when it is cut short: what was not moved yet is moved when the store is opened again. */
export async function migrateTimes(database: Database, limits: RelayLimits): Promise<void> {
  for (;;) {
    const entries = await database.entries({ ...TIME_RANGE, limit: SWEEP_STEP })
    if (entries.length === 0) return
    await database.write(entries.flatMap(([key, value]) => moved(key, value, limits)))
  }
}
