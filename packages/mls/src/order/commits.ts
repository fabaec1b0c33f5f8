/**
 * Commits as they enter the tree of epochs: judged by the rules, told from rivals and repetitions, and kept as proof
 * where one member has made two (spec/ordering.md sections 3 and 5).
 */
import { equalBytes } from '@hyphae/core'
import { roleRules } from '../roles/rules.js'
import type { GroupState, Member } from '../state.js'
import { rank } from './choice.js'
import { type Draft, isFollowed, keepNodes, putNode, say, touch } from './draft.js'
import { follow } from './follow.js'
import { childrenOf, nodeAt } from './graph.js'
import { MAX_EQUIVOCATIONS, MAX_EVIDENCE, MAX_IDLE_RUN, MAX_RIVALS } from './limits.js'
import type { CommitLink, EpochNode } from './log.js'
import { childNode, selectorOf } from './node.js'
import type { Transition, Verdict } from './rules.js'
import type { EpochTag } from './tag.js'

/** A commit that was read or made, before the rules. */
export interface CommitFacts {
  readonly envelope: Uint8Array
  readonly digest: Uint8Array
  readonly state: GroupState
  readonly transition: Transition
  readonly own: boolean
  readonly published: boolean
}

/** Only refreshes its committer. */
function isIdle({ added, removed, privileged }: Transition): boolean {
  return added.length === 0 && removed.length === 0 && !privileged
}

/** Commits in a row in which this actor has only refreshed itself, up to this one included. */
function idleRun(parent: EpochNode, transition: Transition, actor: string): number {
  if (!isIdle(transition)) return 0
  return parent.idle > 0 && parent.link?.actor === actor ? parent.idle + 1 : 1
}

/** The verdict of the rules, and of the one rule that ordering itself needs. */
export function judgeCommit(draft: Draft, parent: EpochNode, transition: Transition): Verdict {
  const { mls, rules = roleRules(mls) } = draft.ctx
  const verdict = rules.judge(parent.state, transition)
  if (verdict.kind !== 'accepted' || idleRun(parent, transition, verdict.actor) <= MAX_IDLE_RUN)
    return verdict
  return { kind: 'refused', reason: 'order/idle-run' }
}

function reportEquivocation(
  draft: Draft,
  parent: EpochNode,
  committer: Member,
  a: Uint8Array,
  b: Uint8Array,
): void {
  const known = draft.evidence.some(
    (one) => one.parent === parent.tag && equalBytes(one.committer.signatureKey, committer.signatureKey),
  )
  if (known) return
  const evidence = { parent: parent.tag, epoch: parent.epoch, committer, digests: [a, b] as const }
  draft.evidence = [evidence, ...draft.evidence].slice(0, MAX_EVIDENCE)
  say(draft, { kind: 'equivocation', evidence })
}

/** The last of these in the order of choice that nothing builds on, not followed, and not this member's own. */
function dispensable(
  draft: Draft,
  among: readonly EpochNode[],
  awaited: ReadonlySet<EpochTag>,
): EpochNode | undefined {
  const [{ parent } = { parent: null }] = among
  if (parent === null) return undefined
  const isFree = ({ tag, link }: EpochNode): boolean =>
    link?.own !== true &&
    !awaited.has(tag) &&
    childrenOf(draft.nodes, tag).length === 0 &&
    !isFollowed(draft, tag)
  return rank(draft.nodes, parent)
    .reverse()
    .find((node) => among.includes(node) && isFree(node))
}

/** What goes last is dropped, so all members keep the same. */
function bound(
  draft: Draft,
  among: readonly EpochNode[],
  limit: number,
  awaited: ReadonlySet<EpochTag>,
): void {
  if (among.length <= limit) return
  const last = dispensable(draft, among, awaited)
  if (last !== undefined) keepNodes(draft, ({ tag }) => tag !== last.tag)
}

function boundRivals(draft: Draft, { parent, link }: EpochNode, awaited: ReadonlySet<EpochTag>): void {
  if (parent === null || link === null) return
  const { leaf } = link.committer
  const same = childrenOf(draft.nodes, parent).filter((one) => one.link?.committer.leaf === leaf)
  bound(draft, same, MAX_EQUIVOCATIONS, awaited)
  bound(draft, childrenOf(draft.nodes, parent), MAX_RIVALS, awaited)
}

/**
 * What waited for this epoch has been read, so nothing more excepts it. Where a commit was dropped each time it came,
 * before its children were known, whoever had built on it was alone for ever.
 */
export function boundRead(draft: Draft, tag: EpochTag): void {
  const node = draft.nodes.get(tag)
  if (node === undefined) return
  boundRivals(draft, node, new Set())
  follow(draft)
}

/** Two that both remove this member may be one, encrypted twice: it cannot derive their epochs to tell. */
function findEquivocation(draft: Draft, parent: EpochNode, node: EpochNode): void {
  const { link } = node
  if (link === null) return
  const { committer, digest } = link
  const rival = childrenOf(draft.nodes, parent.tag).find(
    (other) =>
      other.tag !== node.tag &&
      other.link?.committer.leaf === committer.leaf &&
      (other.active || node.active),
  )
  if (rival?.link) reportEquivocation(draft, parent, committer, rival.link.digest, digest)
}

async function linkOf(
  draft: Draft,
  parent: EpochNode,
  facts: CommitFacts,
  verdict: Extract<Verdict, { kind: 'accepted' }>,
): Promise<CommitLink> {
  const { envelope, digest, own, published } = facts
  const { committer, added, removed } = facts.transition
  const { actor, privileged } = verdict
  const selector = await selectorOf(draft.ctx.mls, parent.state, committer.leaf)
  const sequenced = false
  return {
    envelope,
    digest,
    committer,
    actor,
    privileged,
    selector,
    added,
    removed,
    own,
    published,
    sequenced,
  }
}

/** Adds an accepted commit to the tree and follows the branch that then goes first. */
export async function addCommit(
  draft: Draft,
  parent: EpochNode,
  facts: CommitFacts,
  verdict: Extract<Verdict, { kind: 'accepted' }>,
): Promise<EpochNode> {
  const link = await linkOf(draft, parent, facts, verdict)
  const made = await childNode(draft.ctx.mls, parent, facts.state, link)
  const known = draft.nodes.get(made.tag)
  // Any member can encrypt the signed commit of another anew: other bytes, the same epoch, no equivocation.
  if (known !== undefined) return known
  const node = { ...made, idle: idleRun(parent, facts.transition, verdict.actor) }
  findEquivocation(draft, parent, node)
  putNode(draft, node)
  draft.touched.set(node.tag, 'new')
  boundRivals(draft, node, new Set(draft.early.flatMap(({ kind, tag }) => (kind === 'commit' ? [tag] : []))))
  follow(draft)
  return node
}

/** From now on the commit takes part in the choice. */
export function publish(draft: Draft, tag: EpochTag, sequenced: boolean): void {
  const node = nodeAt(draft.nodes, tag)
  if (node.link === null) return
  putNode(draft, {
    ...node,
    link: { ...node.link, published: true, sequenced: sequenced || node.link.sequenced },
  })
  if (draft.submitted?.tag === tag) draft.submitted = null
  touch(draft, tag)
  follow(draft)
}

export function findCommit(draft: Draft, parent: EpochTag, digest: Uint8Array): EpochNode | undefined {
  return childrenOf(draft.nodes, parent).find(({ link }) => link !== null && equalBytes(link.digest, digest))
}
