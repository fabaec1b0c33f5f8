// A member that commits what it likes, without a log that would keep it from it.
import { changeGroup, type GroupChanges, type GroupState } from '../../src/index.js'
import { encodeEnvelope } from '../../src/order/envelope.js'
import { tagOf } from '../../src/order/tag.js'
import type { Device } from '../helpers.js'

export interface EvilCommit {
  readonly state: GroupState
  readonly envelope: Uint8Array
}

/** A commit from this very state, whatever else has been committed from it. */
export async function evilCommit(
  who: Device,
  state: GroupState,
  changes: GroupChanges = {},
): Promise<EvilCommit> {
  const made = await changeGroup(who.ctx, state, changes)
  return { state: made.state, envelope: encodeEnvelope('commit', await tagOf(who.ctx, state), made.commit) }
}

/** Commits one after another. */
export async function evilChain(who: Device, state: GroupState, length: number): Promise<EvilCommit[]> {
  const chain: EvilCommit[] = []
  for (let from = state; chain.length < length; ) {
    const next = await evilCommit(who, from)
    chain.push(next)
    from = next.state
  }
  return chain
}
