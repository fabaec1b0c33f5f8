/**
 * Which branch a member follows (spec/ordering.md section 5): a function of the published commits it knows and of
 * nothing else, so members that know the same commits follow the same branch. Neither time, nor the order of arrival,
 * nor who asks goes in.
 *
 * Among the commits of one epoch goes first
 *   1. one that leads beyond the horizon: whoever followed it there cannot come back;
 *   2. the one with more actors behind it: each counts once, however often it commits;
 *   3. a privileged one before an ordinary one;
 *   4. the smallest HMAC(exporter of the parent, leaf index of the committer), which nobody can grind;
 *   5. the smallest tag, between two commits of one member.
 */
import { compareBytes, fromHex } from '@hyphae/core'
import { childrenOf, type Nodes } from './graph.js'
import { HORIZON } from './limits.js'
import type { CommitLink, EpochNode } from './log.js'
import type { EpochTag } from './tag.js'

interface Weight {
  readonly node: EpochNode
  readonly link: CommitLink
  /** Epochs of its longest branch, itself included. */
  readonly depth: number
  /** Actors of the branch that has most. */
  readonly credit: number
}

/** Depth and credit below a node, for a branch that these actors are on already. */
function weigh(nodes: Nodes, tag: EpochTag, actors: ReadonlySet<string>): { depth: number; credit: number } {
  let [depth, credit] = [0, actors.size]
  for (const child of childrenOf(nodes, tag)) {
    if (child.link === null || !child.link.published) continue
    const below = weigh(nodes, child.tag, new Set([...actors, child.link.actor]))
    depth = Math.max(depth, below.depth + 1)
    credit = Math.max(credit, below.credit)
  }
  return { depth, credit }
}

/** Negative when `a` goes first. Total: two commits with one tag are one commit. */
function compare(a: Weight, b: Weight): number {
  const beyond = Number(b.depth > HORIZON) - Number(a.depth > HORIZON)
  if (beyond !== 0) return beyond
  if (a.credit !== b.credit) return b.credit - a.credit
  const privileged = Number(b.link.privileged) - Number(a.link.privileged)
  if (privileged !== 0) return privileged
  const selected = compareBytes(a.link.selector, b.link.selector)
  return selected === 0 ? compareBytes(fromHex(a.node.tag), fromHex(b.node.tag)) : selected
}

/** The published commits of an epoch, the one to follow first. */
export function rank(nodes: Nodes, parent: EpochTag): EpochNode[] {
  const weights = childrenOf(nodes, parent).flatMap((node): Weight[] => {
    const { link } = node
    if (link === null || !link.published) return []
    const { depth, credit } = weigh(nodes, node.tag, new Set([link.actor]))
    return [{ node, link, depth: depth + 1, credit }]
  })
  return weights.sort(compare).map(({ node }) => node)
}

/** The last epoch of the branch to follow. */
export function chooseTip(nodes: Nodes, root: EpochTag): EpochTag {
  let tip = root
  for (let next = rank(nodes, tip)[0]; next !== undefined; next = rank(nodes, tip)[0]) tip = next.tag
  return tip
}
