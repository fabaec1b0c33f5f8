/** Times as callers pass them in. */
import { RatchetError } from './errors.js'
import { MAX_TIME } from './limits.js'

/** @throws RatchetError `ratchet/bad-argument` unless whole milliseconds within 48 bits */
export function checkTime(now: number): number {
  if (!Number.isInteger(now) || now < 0 || now > MAX_TIME) {
    throw new RatchetError('ratchet/bad-argument', { details: { name: 'now', max: MAX_TIME } })
  }
  return now
}
