/** The epochs within the horizon as a tree: who is whose parent. Knows nothing of what is in them. */
import { MlsError } from '../errors.js'
import type { EpochNode } from './log.js'
import type { EpochTag } from './tag.js'

export type Nodes = ReadonlyMap<EpochTag, EpochNode>

/** @throws MlsError `mls/foreign-state` when the log was not made by this package */
export function nodeAt(nodes: Nodes, tag: EpochTag): EpochNode {
  const node = nodes.get(tag)
  if (node === undefined) throw new MlsError('mls/foreign-state')
  return node
}

export function childrenOf(nodes: Nodes, tag: EpochTag): EpochNode[] {
  return [...nodes.values()].filter(({ parent }) => parent === tag)
}

/** The commit that this member has made from an epoch: there is never a second one. */
export function ownCommitFrom(nodes: Nodes, parent: EpochTag): EpochNode | undefined {
  return childrenOf(nodes, parent).find(({ link }) => link?.own === true)
}

/** From the oldest kept epoch to this one, both included. */
export function pathTo(nodes: Nodes, tag: EpochTag): EpochNode[] {
  const path: EpochNode[] = []
  for (let at: EpochTag | null = tag; at !== null; ) {
    const node: EpochNode = nodeAt(nodes, at)
    path.push(node)
    at = node.parent
  }
  return path.reverse()
}

export function isOnPath(nodes: Nodes, tip: EpochTag, tag: EpochTag): boolean {
  for (let at: EpochTag | null = tip; at !== null; at = nodeAt(nodes, at).parent) if (at === tag) return true
  return false
}

/** The epochs of two paths after the last one that they share. */
export function divide(
  nodes: Nodes,
  from: EpochTag,
  to: EpochTag,
): { left: EpochNode[]; right: EpochNode[] } {
  const [left, right] = [pathTo(nodes, from), pathTo(nodes, to)]
  let shared = 0
  while (shared < left.length && left[shared]?.tag === right[shared]?.tag) shared++
  return { left: left.slice(shared), right: right.slice(shared) }
}

/** A node with all that comes from it. */
export function subtree(nodes: Nodes, root: EpochTag): EpochNode[] {
  const found = [nodeAt(nodes, root)]
  for (let at = 0; at < found.length; at++) found.push(...childrenOf(nodes, (found[at] as EpochNode).tag))
  return found
}
