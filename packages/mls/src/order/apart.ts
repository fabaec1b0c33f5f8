/**
 * Standing apart: a member has read an epoch and follows another branch. Whoever stands there may be unable to find out
 * by itself: it joined after the branches had parted, or a commit that it cannot read decides. So it is told, signed
 * (spec/ordering.md section 8). What it makes of the word is for standing.ts.
 */
import { equalBytes } from '@hyphae/core'
import { members } from '../state.js'
import { type Draft, isFollowed, tipOf } from './draft.js'
import { plead } from './heal.js'
import { MAX_APART } from './limits.js'
import type { Plea } from './plea.js'
import type { EpochTag } from './tag.js'

/** The newest of these epochs that this member has read, when its branch is another one. */
export function partedFrom(draft: Draft, lineage: readonly EpochTag[]): EpochTag | null {
  const known = lineage.find((tag) => draft.nodes.has(tag))
  return known === undefined || isFollowed(draft, known) ? null : known
}

/** Says of an epoch that it was read and is not followed; and asks for what has been built on it, if that is known. */
export function sayApart(draft: Draft, from: EpochTag, wants: readonly EpochTag[]): void {
  // Who leaves its own branch speaks for none.
  if (draft.stall?.leaving !== true)
    draft.apart = [from, ...draft.apart.filter((tag) => tag !== from)].slice(0, MAX_APART)
  plead(draft, wants, from)
}

/** A branch that this member has said to stand apart from is its own now: whoever has heard the word must know. */
export function takeBack(draft: Draft): void {
  const kept = draft.apart.filter((tag) => draft.nodes.has(tag) && !isFollowed(draft, tag))
  if (kept.length === draft.apart.length) return
  const turned = draft.apart.some((tag) => isFollowed(draft, tag))
  draft.apart = kept
  if (turned && tipOf(draft).active) plead(draft)
}

/**
 * A word of a member of the group of an epoch of this member's own branch. Mail might never have shown it: what is
 * older than this member's first epoch tells nothing by itself.
 */
export function hearApart(draft: Draft, { key, target, keyPackage, lineage, epoch }: Plea): void {
  const [tag] = lineage
  if (target === null || keyPackage !== null || tag === undefined || draft.stall !== null) return
  if (!isFollowed(draft, target) || draft.nodes.has(tag)) return
  if (!members(tipOf(draft).state).some(({ signatureKey }) => equalBytes(signatureKey, key))) return
  const begun = { shown: false, asked: null, leaving: false, offer: null }
  draft.stall = { ...begun, since: draft.now, tag, epoch, late: true }
}
