/** A log while a step works on it: a copy whose fields are replaced, never the values in them. */
import { equalBytes } from '@hyphae/core'
import type { Effect, OrderEvent } from './effect.js'
import { isOnPath, type Nodes, nodeAt } from './graph.js'
import type { OrderContext } from './input.js'
import { MAX_PROPOSAL_BYTES, MAX_PROPOSALS } from './limits.js'
import type { EpochNode, GroupLog } from './log.js'
import type { EpochTag } from './tag.js'

export type Fields = { -readonly [K in keyof GroupLog]: GroupLog[K] }

export interface Draft extends Fields {
  readonly ctx: OrderContext
  readonly now: number
  readonly effects: Effect[]
  /** Epochs that are new, or whose state can read more than before: what waits for them is tried again. */
  readonly touched: Map<EpochTag, 'new' | 'changed'>
}

export function openDraft(ctx: OrderContext, log: GroupLog): Draft {
  return { ...log, ctx, now: ctx.mls.clock.now(), effects: [], touched: new Map() }
}

export function closeDraft({ ctx, now, effects, touched, ...log }: Draft): GroupLog {
  return log
}

export function say(draft: Draft, event: OrderEvent): void {
  draft.effects.push({ kind: 'event', event })
}

export function tipOf(draft: Draft): EpochNode {
  return nodeAt(draft.nodes, draft.tip)
}

export function touch(draft: Draft, tag: EpochTag): void {
  if (!draft.touched.has(tag)) draft.touched.set(tag, 'changed')
}

/** Whether the epoch is on the branch that goes first. */
export function isFollowed(draft: Draft, tag: EpochTag): boolean {
  return draft.nodes.has(tag) && isOnPath(draft.nodes, draft.tip, tag)
}

export function putNode(draft: Draft, node: EpochNode): void {
  draft.nodes = new Map(draft.nodes).set(node.tag, node)
}

/** Whoever lacks it can be sent it again; what is too much to keep its sender may say once more. */
export function keepProposal(node: EpochNode, envelope: Uint8Array): EpochNode {
  const { proposals } = node
  const known = proposals.some((one) => equalBytes(one, envelope))
  if (known || proposals.length >= MAX_PROPOSALS || envelope.length > MAX_PROPOSAL_BYTES) return node
  return { ...node, proposals: [...proposals, envelope] }
}

export function keepNodes(draft: Draft, keep: (node: EpochNode) => boolean): EpochNode[] {
  const gone = [...draft.nodes.values()].filter((node) => !keep(node))
  const nodes: Nodes = new Map([...draft.nodes].filter(([, node]) => keep(node)))
  draft.nodes = nodes
  return gone
}
