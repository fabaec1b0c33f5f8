/**
 * Small rows that the services of a relay share: changed by compare-and-swap, durable, some with an end.
 *
 * spec/relay-engines.md section 7. One row at a time is all that is asked of an engine; who has to change several at
 * once does it above (services/store.ts). Knows nothing of what is in them.
 */
import { RelayError } from '../errors.js'
import { MAX_ROW_BYTES, MAX_ROW_KEY_CHARS } from '../limits.js'
import type { Spend } from './spend.js'

export interface Row {
  readonly value: Uint8Array
  /** Above 0; another after each change, and never the same again. */
  readonly version: number
}

export interface NamedRow extends Row {
  readonly key: string
}

export interface ServiceRows {
  /** Other relays may stand over the same rows. */
  readonly shared: boolean
  get(key: string): Promise<Row | undefined>
  /**
   * Stores the value where the row still has this version, 0 for a row that is not there; its new version, undefined
   * where the row has another. `until`: epoch ms from which on the row is not there.
   * @throws RelayError `relay/store-unreachable`: it may have been stored or not, and may still be
   */
  put(key: string, value: Uint8Array, version: number, until?: number): Promise<number | undefined>
  /** True for the one who removed it: the row had this version. */
  remove(key: string, version: number): Promise<boolean>
  /** All whose keys begin with `prefix` and a dot, in the order of their keys. */
  list(prefix: string): Promise<NamedRow[]>
  /** Counts one use for a purpose of 16 bytes: true, and not counted again, for one that was counted before. */
  use(spend: Spend, purpose: Uint8Array): Promise<boolean>
  /**
   * True for the first who asks with this name of 32 bytes until then, at most MAX_ONCE_MS from now; also when the
   * relay, or all of them, were started anew since.
   */
  once(name: Uint8Array, until: number): Promise<boolean>
}

const KEY = /^[\w-]+(\.[\w-]+)*$/

/** @throws RelayError `relay/bad-row` */
export function checkRow(key: string, value?: Uint8Array): void {
  if (key.length > MAX_ROW_KEY_CHARS || !KEY.test(key))
    throw new RelayError('relay/bad-row', { details: { key: key.length } })
  if (value !== undefined && value.length > MAX_ROW_BYTES)
    throw new RelayError('relay/bad-row', { details: { bytes: value.length } })
}

/** A store that did not answer, or would not take it. */
export function rowsUnreachable(cause?: unknown): RelayError {
  return new RelayError('relay/store-unreachable', { cause })
}
