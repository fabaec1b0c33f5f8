/**
 * When a member is due to refresh its keys (RFC 9420 section 16.6), as a pure function of when it last did. The
 * times of members are spread, and spread further in a large group, so that they rarely commit at once.
 *
 *   period = max(7 days, members × 15 minutes);  due = last + period × (0.75 … 1.25, by a hash)
 */
import { concatBytes } from '@hyphae/core'
import type { MlsContext } from './context.js'
import { MlsError } from './errors.js'
import { ROTATION_JITTER, ROTATION_PERIOD_MS, ROTATION_SPACING_MS } from './limits.js'
import { type GroupState, groupIdOf, isActive, members, ownLeaf } from './state.js'

/** Milliseconds since 1970. */
type Time = number

function lastBytes(time: Time): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, time)
  return bytes
}

/** From 0 to 1, the same whenever it is asked, and another for every member and every turn. */
function lot({ crypto }: MlsContext, state: GroupState, lastUpdate: Time): number {
  const own = members(state).find(({ leaf }) => leaf === ownLeaf(state))
  if (own === undefined) throw new MlsError('mls/removed')
  const digest = crypto.sha256(concatBytes(groupIdOf(state), own.signatureKey, lastBytes(lastUpdate)))
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0) / 2 ** 32
}

/** How often each of so many members refreshes its keys, milliseconds. */
export function rotationPeriod(count: number): number {
  return Math.max(ROTATION_PERIOD_MS, count * ROTATION_SPACING_MS)
}

/**
 * When this member's next refresh is due. `lastUpdate` is when its last own commit was made, or when it joined:
 * every own commit counts, whatever else it did.
 * @throws MlsError `mls/removed`, `mls/bad-argument` for a time that is no number
 */
export function nextUpdateAt(ctx: MlsContext, state: GroupState, lastUpdate: Time): Time {
  if (!isActive(state)) throw new MlsError('mls/removed')
  if (!Number.isFinite(lastUpdate)) throw new MlsError('mls/bad-argument', { details: { lastUpdate } })
  const period = rotationPeriod(members(state).length)
  const factor = 1 - ROTATION_JITTER + 2 * ROTATION_JITTER * lot(ctx, state, lastUpdate)
  return Math.floor(lastUpdate + period * factor)
}

/**
 * Whether it is due by the context's clock. A last update that lies ahead means that the clock was set back:
 * then it is due at once, rather than not before the clock has caught up.
 */
export function isUpdateDue(ctx: MlsContext, state: GroupState, lastUpdate: Time): boolean {
  const now = ctx.clock.now()
  return nextUpdateAt(ctx, state, lastUpdate) <= now || lastUpdate > now
}
