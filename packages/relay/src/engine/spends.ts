/** What was used how often: counted capabilities and tokens of the embedded engine. spec/relay.md section 3.2. */
import type { Batch } from './batch.js'
import { appendDue } from './due.js'
import type { Spend } from './engine.js'
import { readSeq, spentKey, writeSeq } from './keys.js'

const VALUE_BYTES = 16

function encode(used: number, until: number): Buffer {
  const value = Buffer.allocUnsafe(VALUE_BYTES)
  writeSeq(value, 0, used)
  writeSeq(value, 8, until)
  return value
}

/** Counts one use; false when there is none left. The job has read `spentKey(name)`. */
export function useUp(batch: Batch, { name, most, until }: Spend): boolean {
  const key = spentKey(name)
  const held = batch.known(key)
  const used = held === undefined ? 0 : readSeq(held, 0)
  if (used >= most) return false
  batch.put(key, encode(used + 1, until))
  if (held === undefined) {
    batch.counters.bytes += VALUE_BYTES
    appendDue(batch, 'spend', until + 1, name)
  }
  return true
}

/** Its time has come: `until` never changes. */
export function expireSpend(batch: Batch, name: Uint8Array): void {
  batch.counters.bytes -= VALUE_BYTES
  batch.del(spentKey(name))
}
