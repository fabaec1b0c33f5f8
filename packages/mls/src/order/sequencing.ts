/**
 * Asking a sequencer before a commit is published (spec/ordering.md section 7). Its word decides only whether this
 * member publishes now: what it claims, withholds or contradicts costs time, and the choice among commits that are
 * known stays the same everywhere.
 */
import { publish } from './commits.js'
import { type Draft, tipOf } from './draft.js'
import { nodeAt, ownCommitFrom } from './graph.js'
import { SEQUENCER_MS } from './limits.js'
import type { EpochNode } from './log.js'
import type { EpochTag } from './tag.js'

function unpublished(draft: Draft, parent: EpochTag): EpochNode | undefined {
  const own = ownCommitFrom(draft.nodes, parent)
  return own?.link?.published === false ? own : undefined
}

/** Sends what the sequencer has as well: it may keep it to itself. */
function release(draft: Draft, node: EpochNode, sequenced: boolean): void {
  if (node.link === null) return
  draft.effects.push({ kind: 'send', envelope: node.link.envelope })
  publish(draft, node.tag, sequenced)
}

/** The sequencer's answer; one to a question that is no longer open changes nothing, unless it has taken the commit. */
export function hearSequencer(draft: Draft, parent: EpochTag, answer: 'accepted' | 'taken'): void {
  const node = unpublished(draft, parent)
  if (node === undefined) return
  if (answer === 'accepted') release(draft, node, true)
  else if (draft.submitted?.tag === node.tag)
    draft.submitted = { ...draft.submitted, since: draft.now, taken: true }
}

/**
 * A branch that had lost is followed again, up to an epoch from which this member has a commit that never came out: it
 * asks with the same bytes. A second commit would be an equivocation, under the handshake key of the first.
 */
export function submitAgain(draft: Draft): void {
  const { tag: parent } = tipOf(draft)
  const node = unpublished(draft, parent)
  if (node === undefined || node.link === null || draft.submitted !== null) return
  draft.submitted = { tag: node.tag, since: draft.now, taken: false }
  draft.effects.push({ kind: 'submit', parent, envelope: node.link.envelope })
}

/** No answer, or the commit that it claims to have does not come: as if there were none. */
export function tendSequencer(draft: Draft): void {
  const { submitted } = draft
  if (submitted === null || draft.now - submitted.since < SEQUENCER_MS) return
  const node = nodeAt(draft.nodes, submitted.tag)
  if (node.parent === tipOf(draft).tag) release(draft, node, false)
}
