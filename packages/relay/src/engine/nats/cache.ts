/** Bytes of records that were stored or heard of lately, by sequence: the oldest give way. */
import { RECORD_CACHE_BYTES } from './limits.js'

export interface RecordCache {
  get(seq: number): Uint8Array | undefined
  add(seq: number, data: Uint8Array): void
  drop(seq: number): void
}

export function createRecordCache(): RecordCache {
  const records = new Map<number, Uint8Array>()
  let bytes = 0
  const drop = (seq: number): void => {
    bytes -= records.get(seq)?.length ?? 0
    records.delete(seq)
  }
  return {
    get: (seq) => records.get(seq),
    add: (seq, data) => {
      if (records.has(seq)) return
      records.set(seq, data)
      bytes += data.length
      for (const oldest of records.keys()) {
        if (bytes <= RECORD_CACHE_BYTES) return
        drop(oldest)
      }
    },
    drop,
  }
}
