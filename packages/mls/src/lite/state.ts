/**
 * The chains of one epoch at one device, as an opaque value: it holds secrets, so printing or serialising it
 * shows none of them.
 */
import { MlsError } from '../errors.js'
import type { Chain } from './chain.js'
import type { EpochMarks } from './frame.js'

/** Immutable: every operation returns a new one. Dies with the epoch. */
export interface LiteState {
  readonly kind: 'mls-lite'
}

export interface LiteData {
  readonly epoch: number
  readonly ownLeaf: number
  readonly ownDevice: number
  readonly marks: EpochMarks
  /** The next message of this device. */
  readonly sending: Chain
  /** By leaf × 256 + device. */
  readonly receiving: ReadonlyMap<number, Chain>
}

const inner = new WeakMap<LiteState, LiteData>()

export function wrapLite(data: LiteData): LiteState {
  const handle: LiteState = Object.freeze({ kind: 'mls-lite' })
  inner.set(handle, data)
  return handle
}

/** @throws MlsError `mls/foreign-state` */
export function unwrapLite(state: LiteState): LiteData {
  const found = inner.get(state)
  if (found === undefined) throw new MlsError('mls/foreign-state')
  return found
}
