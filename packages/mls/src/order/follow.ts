/**
 * Following the branch that goes first: what that changes for the application, which epochs leave the horizon, and
 * what becomes of own commits and Welcomes (spec/ordering.md sections 5 and 6).
 */
import { toHex } from '@hyphae/core'
import type { Member } from '../state.js'
import { chooseTip } from './choice.js'
import { type Draft, keepNodes, putNode, say, tipOf } from './draft.js'
import { divide, nodeAt, pathTo, subtree } from './graph.js'
import { HORIZON, MAX_HISTORY } from './limits.js'
import type { EpochNode } from './log.js'
import { finalise } from './own.js'
import type { EpochTag } from './tag.js'

const keyOf = ({ leaf, signatureKey }: Member): string => `${leaf}/${toHex(signatureKey)}`

/** Members that one path has and the other has not. */
function netChange(
  left: readonly EpochNode[],
  right: readonly EpochNode[],
): { added: Member[]; removed: Member[] } {
  const net = new Map<string, { member: Member; count: number }>()
  const count = (members: readonly Member[], by: number): void => {
    for (const member of members) {
      const key = keyOf(member)
      net.set(key, { member, count: (net.get(key)?.count ?? 0) + by })
    }
  }
  for (const { link } of left) {
    count(link?.added ?? [], -1)
    count(link?.removed ?? [], 1)
  }
  for (const { link } of right) {
    count(link?.added ?? [], 1)
    count(link?.removed ?? [], -1)
  }
  const of = (sign: number): Member[] =>
    [...net.values()].filter((entry) => entry.count * sign > 0).map(({ member }) => member)
  return { added: of(1), removed: of(-1) }
}

/** Own commits whose branch lost are to be carried out anew; Welcomes wait from the day their branch is followed. */
function reviewOwn(draft: Draft, newlyOn: ReadonlySet<EpochTag>): void {
  draft.welcomes = draft.welcomes.map((welcome) =>
    newlyOn.has(welcome.tag) ? { ...welcome, since: draft.now } : welcome,
  )
  const { submitted } = draft
  if (submitted !== null && nodeAt(draft.nodes, submitted.tag).parent !== draft.tip) draft.submitted = null
}

/** Own messages of epochs that are given up: whoever could not follow there has not read them. */
export function strand(draft: Draft, given: readonly EpochNode[]): void {
  const ids = given.flatMap(({ sent }) => sent).reverse()
  if (ids.length > 0) say(draft, { kind: 'stranded', ids })
}

function announce(draft: Draft, from: EpochTag): void {
  const { left, right } = divide(draft.nodes, from, draft.tip)
  const tip = tipOf(draft)
  const change = netChange(left, right)
  say(draft, { kind: 'epoch', epoch: tip.epoch, tag: tip.tag, ...change, rewound: left.length })
  strand(draft, left)
  if (!tip.active) say(draft, { kind: 'removed', epoch: tip.epoch })
  reviewOwn(draft, new Set(right.map(({ tag }) => tag)))
}

/** Epochs past the horizon are dropped, with every branch that began there. */
function moveRoot(draft: Draft): void {
  const path = pathTo(draft.nodes, draft.tip)
  const root = path[path.length - 1 - HORIZON]
  if (root === undefined || root.tag === draft.root) return
  const settled = path.slice(1, path.indexOf(root) + 1)
  for (const { tag, epoch } of settled) say(draft, { kind: 'final', epoch, tag })
  finalise(draft, new Set(settled.map(({ tag }) => tag)))
  const kept = new Set(subtree(draft.nodes, root.tag).map(({ tag }) => tag))
  const gone = keepNodes(draft, ({ tag }) => kept.has(tag))
  putNode(draft, { ...root, parent: null })
  draft.root = root.tag
  const past = gone.map(({ tag, epoch }) => ({ tag, epoch })).sort((a, b) => b.epoch - a.epoch)
  draft.history = [...past, ...draft.history].slice(0, MAX_HISTORY)
  if (draft.submitted !== null && !kept.has(draft.submitted.tag)) draft.submitted = null
}

/** Chooses anew after a commit was added or published. */
export function follow(draft: Draft): void {
  const before = draft.tip
  draft.tip = chooseTip(draft.nodes, draft.root)
  if (draft.tip === before) return
  announce(draft, before)
  moveRoot(draft)
}
