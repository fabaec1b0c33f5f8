/** Numbers as callers pass them in. */
import { RatchetError } from './errors.js'
import { MAX_TIME } from './limits.js'

/** @throws RatchetError `ratchet/bad-argument` unless a whole number within bounds */
export function checkArgument(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RatchetError('ratchet/bad-argument', { details: { name, max } })
  }
  return value
}

/** @throws RatchetError `ratchet/bad-argument` unless whole milliseconds within 48 bits */
export function checkTime(now: number): number {
  return checkArgument('now', now, 0, MAX_TIME)
}
