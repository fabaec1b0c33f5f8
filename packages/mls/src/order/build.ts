/** Making the one commit that carries out several intents, and saying what it does to the group. */
import { equalBytes, isHyphaeError, toHex } from '@hyphae/core'
import { MlsError } from '../errors.js'
import { type Committed, changeGroup, type GroupChanges } from '../group.js'
import { commitLeaves } from '../propose.js'
import { type GroupState, type Member, members, ownLeaf } from '../state.js'
import { type Draft, tipOf } from './draft.js'
import type { PendingIntent } from './intent.js'
import type { Transition } from './rules.js'

export type Built = Committed & { readonly welcome?: Uint8Array; readonly members: Member[] }

export const leafOf = (present: readonly Member[], key: Uint8Array): number | undefined =>
  present.find(({ signatureKey }) => equalBytes(signatureKey, key))?.leaf

/** One commit for all of these. */
function changesOf(ready: readonly PendingIntent[], present: readonly Member[]): GroupChanges {
  const intents = ready.map(({ intent }) => intent)
  const add = intents.flatMap((one) => (one.kind === 'add' || one.kind === 'readd' ? [one.keyPackage] : []))
  const remove = intents.flatMap((one) => {
    const leaf = one.kind === 'remove' || one.kind === 'readd' ? leafOf(present, one.signatureKey) : undefined
    return leaf === undefined ? [] : [leaf]
  })
  const roles = intents.find((one) => one.kind === 'roles')?.roles
  return { add, remove, ...(roles && { roles }) }
}

/** The commit, or the code of the reason why there is none. */
export async function attempt(draft: Draft, ready: readonly PendingIntent[]): Promise<Built | string> {
  const { state } = tipOf(draft)
  const { tree = 'inside' } = draft.ctx
  try {
    if (ready.every(({ intent }) => intent.kind === 'commit-leaves'))
      return { ...(await commitLeaves(draft.ctx.mls, state)), members: [] }
    return await changeGroup(draft.ctx.mls, state, { ...changesOf(ready, members(state)), tree })
  } catch (error) {
    if (isHyphaeError(error)) return error.code
    throw error
  }
}

const keyOf = ({ leaf, signatureKey }: Member): string => `${leaf}/${toHex(signatureKey)}`

function without(from: readonly Member[], others: readonly Member[]): Member[] {
  const known = new Set(others.map(keyOf))
  return from.filter((one) => !known.has(keyOf(one)))
}

/** A device that is replaced has leaf and key as before, so a comparison of members alone would not show it. */
export function transitionOf(
  parent: GroupState,
  { state, privileged, members: added }: Built,
  ready: readonly PendingIntent[],
): Transition {
  const [before, after] = [members(parent), members(state)]
  const { remove = [] } = changesOf(ready, before)
  const gone = without(before, after)
  const replaced = before.filter((one) => remove.includes(one.leaf) && !gone.includes(one))
  const committer = before.find(({ leaf }) => leaf === ownLeaf(parent))
  if (committer === undefined) throw new MlsError('mls/foreign-state')
  return {
    committer,
    added,
    removed: [...gone, ...replaced],
    privileged,
    next: state,
  }
}
