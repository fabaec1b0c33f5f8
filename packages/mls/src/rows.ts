/**
 * A group state as rows of a store: written whole once an epoch, and from then on only what an operation has
 * changed. A message changes one row of about 100 bytes, however large the group is.
 *
 *   h            head: everything but the two trees
 *   t/<chunk>    128 nodes of the ratchet tree
 *   s/<epoch>/<node>   one seed, or the two ratchets of one leaf, of an epoch's secret tree
 *
 * Rows hold secrets: seal them at rest. Settings are not in them; they come from whoever uses the state.
 */
import type { RatchetTree } from 'ts-mls'
import { encodeHead, headChanged } from './head.js'
import { TREE_CHUNK_NODES } from './limits.js'
import { encodeSecretNode } from './secret-codec.js'
import { NO_SECRET_TREE, type SecretNode, type SecretTree } from './secret-tree.js'
import { type GroupData, type GroupState, unwrapState } from './state.js'
import { encodeNodes } from './tree-codec.js'

export interface GroupRow {
  /** Unique within one group. */
  readonly key: string
  /** Null when the row is to be deleted. */
  readonly value: Uint8Array | null
}

export const HEAD_KEY = 'h'
const NO_TREE: RatchetTree = []

export function treeKey(row: number): string {
  return `t/${row}`
}

export function secretKey(epoch: bigint, node: number): string {
  return `s/${epoch}/${node}`
}

function sameNodes(a: RatchetTree, b: RatchetTree, start: number, end: number): boolean {
  for (let index = start; index < end; index++) if (a[index] !== b[index]) return false
  return Math.min(a.length, end) === Math.min(b.length, end)
}

function* treeRows(before: RatchetTree, after: RatchetTree): Iterable<GroupRow> {
  const length = Math.max(before.length, after.length)
  for (let start = 0; start < length; start += TREE_CHUNK_NODES) {
    const end = start + TREE_CHUNK_NODES
    if (sameNodes(before, after, start, end)) continue
    const value = start < after.length ? encodeNodes(after.slice(start, end)) : null
    yield { key: treeKey(start / TREE_CHUNK_NODES), value }
  }
}

interface Place {
  readonly epoch: bigint
  /** First leaf below. */
  readonly first: number
  /** Leaves below. */
  readonly width: number
}

/** Appendix C of RFC 9420: the index of the node above these leaves. */
export function nodeAbove(first: number, width: number): number {
  return 2 * first + width - 1
}

function half({ epoch, first, width }: Place, side: 0 | 1): Place {
  return { epoch, first: first + (side * width) / 2, width: width / 2 }
}

/** Rows of one node and all below it; `before` or `after` is null where there is nothing. */
function* secretRows(before: SecretNode | null, after: SecretNode | null, place: Place): Iterable<GroupRow> {
  if (before === after) return
  const key = secretKey(place.epoch, nodeAbove(place.first, place.width))
  if (after !== null && after.kind !== 'branch') yield { key, value: encodeSecretNode(after) }
  else if (before !== null && before.kind !== 'branch') yield { key, value: null }
  const old = before?.kind === 'branch' ? before : null
  const now = after?.kind === 'branch' ? after : null
  if (old === null && now === null) return
  yield* secretRows(old?.left ?? null, now?.left ?? null, half(place, 0))
  yield* secretRows(old?.right ?? null, now?.right ?? null, half(place, 1))
}

function secretTreeOf(state: GroupData | null, epoch: bigint): SecretTree {
  if (state === null) return NO_SECRET_TREE
  if (state.groupContext.epoch === epoch) return state.secretTree
  return state.pastEpochs.get(epoch)?.secretTree ?? NO_SECRET_TREE
}

function* epochRows(before: GroupData | null, after: GroupData, epoch: bigint): Iterable<GroupRow> {
  const [old, now] = [secretTreeOf(before, epoch), secretTreeOf(after, epoch)]
  const whole = (tree: SecretTree): SecretNode | null => (tree.width === 0 ? null : tree.root)
  if (old.width !== now.width && old.width !== 0 && now.width !== 0) {
    // A rival of the same epoch in a group of another size: its rows are other rows.
    yield* secretRows(whole(old), null, { epoch, first: 0, width: old.width })
    yield* secretRows(null, whole(now), { epoch, first: 0, width: now.width })
    return
  }
  yield* secretRows(whole(old), whole(now), { epoch, first: 0, width: Math.max(old.width, now.width) })
}

function epochsOf(state: GroupData | null): bigint[] {
  return state === null ? [] : [state.groupContext.epoch, ...state.pastEpochs.keys()]
}

/** Every row that differs. The head comes last: what is torn on the way has no head, or one it does not fit. */
export function* changedRows(before: GroupData | null, after: GroupData): Iterable<GroupRow> {
  yield* treeRows(before?.ratchetTree ?? NO_TREE, after.ratchetTree)
  const epochs = [...new Set([...epochsOf(before), ...epochsOf(after)])].sort((a, b) => (a < b ? -1 : 1))
  for (const epoch of epochs) yield* epochRows(before, after, epoch)
  if (before === null || headChanged(before, after)) yield { key: HEAD_KEY, value: encodeHead(after) }
}

/** All rows of a state, for the first time that it is stored. @throws MlsError `mls/foreign-state` */
export function encodeGroupRows(state: GroupState): GroupRow[] {
  return [...changedRows(null, unwrapState(state))]
}

/**
 * What to write, in order and in one transaction, where `before` is stored and `after` is to be. Any two states
 * of a group will do; the rows are few when `after` was made from `before`.
 * @throws MlsError `mls/foreign-state`
 */
export function encodeGroupChanges(before: GroupState, after: GroupState): GroupRow[] {
  return [...changedRows(unwrapState(before), unwrapState(after))]
}
