/** One transaction: its own writes on top of the layers below. Valid only while its `work` runs. */
import type { StoreKey, StoreTransaction } from '@hyphae/core'
import { byteText } from './engine.js'
import { StoreError } from './errors.js'
import { MAX_TRANSACTION_BYTES, MAX_VALUE_BYTES } from './limits.js'
import { type Layer, type PendingWrite, type ReadContext, readList, readOne } from './pending.js'

export interface OpenTransaction {
  readonly tx: StoreTransaction
  readonly writes: Map<string, PendingWrite>
  /** Bytes of all keys and values given to `put` and `delete`. */
  size(): number
  /** From here on every use throws `store/transaction-over`. */
  end(): void
}

/** `check` throws when what the transaction has read is no longer going to be true. */
export function openTransaction(
  context: ReadContext,
  below: readonly Layer[],
  check: () => void,
): OpenTransaction {
  const writes = new Map<string, PendingWrite>()
  const layers = [writes, ...below]
  let bytes = 0
  let over = false

  const guard = (): void => {
    if (over) throw new StoreError('store/transaction-over')
    check()
  }
  const record = (key: StoreKey, value: Uint8Array | undefined): void => {
    guard()
    const { stored, tuple } = context.codec.locate(key)
    bytes += tuple.length + (value?.length ?? 0)
    if (bytes > MAX_TRANSACTION_BYTES)
      throw new StoreError('store/too-large', {
        details: { transactionBytes: bytes, limit: MAX_TRANSACTION_BYTES },
      })
    writes.set(byteText(stored), { stored, tuple, value })
  }

  const tx: StoreTransaction = {
    get: async (key) => {
      guard()
      return readOne(context, layers, key)
    },
    list: async (prefix, options) => {
      guard()
      return readList(context, layers, prefix, options)
    },
    put: (key, value) => record(key, copyOf(value)),
    delete: (key) => record(key, undefined),
  }
  return {
    tx,
    writes,
    size: () => bytes,
    end: () => {
      over = true
    },
  }
}

function copyOf(value: Uint8Array): Uint8Array {
  if (!(value instanceof Uint8Array))
    throw new StoreError('store/bad-key', { details: { value: typeof value } })
  if (value.length > MAX_VALUE_BYTES)
    throw new StoreError('store/too-large', { details: { valueBytes: value.length, limit: MAX_VALUE_BYTES } })
  return Uint8Array.prototype.slice.call(value)
}
