/** What every part of one session manager shares. */
import type { Clock } from '@hyphae/core'
import type { SessionCrypto } from '@hyphae/crypto'
import { checkTime } from '../arguments.js'
import type { DeviceKeys } from '../device-keys.js'
import { RatchetError } from '../errors.js'
import type { PostQuantum } from '../post-quantum.js'
import type { Gate } from './gate.js'
import { MAX_ARCHIVED_SESSIONS, MAX_DEVICE_NAME } from './limits.js'
import type { SessionBook } from './session-book.js'
import type { Tables } from './tables.js'

export interface OneTimePolicy {
  /** Refuse to begin a session from a bundle without a one-time prekey. */
  readonly begin?: boolean
  /** Refuse to accept one made without. */
  readonly accept?: boolean
}

export interface SessionsContext {
  readonly crypto: SessionCrypto
  readonly clock: Pick<Clock, 'now'>
  readonly keys: DeviceKeys
  /** Given: prekeys are post-quantum, and classic bundles are refused unless `allowClassic`. */
  readonly pq: { readonly pq?: PostQuantum }
  readonly allowClassic: boolean
  readonly requireOneTime: OneTimePolicy
  readonly maxArchived: number
  readonly tables: Tables
  readonly gate: Gate
  readonly book: SessionBook
}

/** Milliseconds; never 0, which stands for "not". @throws RatchetError `ratchet/bad-argument` */
export function timeOf({ clock }: Pick<SessionsContext, 'clock'>): number {
  return Math.max(1, checkTime(clock.now()))
}

/** @throws RatchetError `ratchet/bad-argument` */
export function checkDevice(device: string): void {
  if (typeof device !== 'string' || device.length === 0 || device.length > MAX_DEVICE_NAME) {
    throw new RatchetError('ratchet/bad-argument', { details: { name: 'device', max: MAX_DEVICE_NAME } })
  }
}

/** @throws RatchetError `ratchet/bad-argument` unless 1 to MAX_ARCHIVED_SESSIONS */
export function checkArchived(value: number): number {
  if (!Number.isInteger(value) || value < 1 || value > MAX_ARCHIVED_SESSIONS) {
    const details = { name: 'maxArchived', max: MAX_ARCHIVED_SESSIONS }
    throw new RatchetError('ratchet/bad-argument', { details })
  }
  return value
}
