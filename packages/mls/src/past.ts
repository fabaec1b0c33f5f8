/**
 * Epochs that have ended (section 6 of spec/group.md, rule M5): their messages may still be on the way. Kept of
 * each are its secret tree and which of its members are still there; trees and key schedules are not.
 */
import { equalBytes } from '@hyphae/core'
import type { RatchetTree } from 'ts-mls'
import { PAST_EPOCHS } from './limits.js'
import { type ClientState, leafAt, type PastEpoch } from './state.js'

/** Whether the leaf was a member's in that epoch, and the same member has it now. */
export function isStillMember({ members }: PastEpoch, leaf: number): boolean {
  return (((members[leaf >>> 3] ?? 0) >>> (leaf & 7)) & 1) === 1
}

/** Leaves whose member is gone or another one in `after`. */
function changedLeaves(before: RatchetTree, after: RatchetTree): number[] {
  const changed: number[] = []
  for (let index = 0; index < before.length; index += 2) {
    if (before[index] === after[index]) continue
    const [old, now] = [leafAt(before, index / 2), leafAt(after, index / 2)]
    const same = old !== null && now !== null && equalBytes(old.signaturePublicKey, now.signaturePublicKey)
    if (!same) changed.push(index / 2)
  }
  return changed
}

function without(members: Uint8Array, leaves: readonly number[]): Uint8Array {
  const left = members.slice()
  for (const leaf of leaves)
    if (leaf >>> 3 < left.length) left[leaf >>> 3] = (left[leaf >>> 3] as number) & ~(1 << (leaf & 7))
  return left
}

function membersOf(tree: RatchetTree): Uint8Array {
  const bits = new Uint8Array(Math.ceil((tree.length + 1) / 16))
  for (let leaf = 0; leaf * 2 < tree.length; leaf++)
    if (tree[leaf * 2] !== undefined) bits[leaf >>> 3] = (bits[leaf >>> 3] as number) | (1 << (leaf & 7))
  return bits
}

/** The past epochs of the state that follows `client` with this tree: one more, and the oldest dropped. */
export function pastAfter(client: ClientState, tree: RatchetTree): ReadonlyMap<bigint, PastEpoch> {
  const { groupContext, keySchedule, secretTree, ratchetTree, pastEpochs } = client
  const gone = changedLeaves(ratchetTree, tree)
  const { senderDataSecret } = keySchedule
  const ended: PastEpoch = { groupContext, senderDataSecret, secretTree, members: membersOf(ratchetTree) }
  const all: [bigint, PastEpoch][] = [...pastEpochs, [groupContext.epoch, ended]]
  return new Map(
    all
      .slice(-PAST_EPOCHS)
      .map(([epoch, past]) => [epoch, { ...past, members: without(past.members, gone) }]),
  )
}
