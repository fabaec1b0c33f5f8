/**
 * The secret tree (RFC 9420 section 9), derived as far as it has been needed and no further: an epoch costs
 * nothing until somebody speaks, and then one path. Values are shared between the states that hold them, so
 * two states differ only on the paths of the leaves that were used between them.
 *
 *   left, right    = ExpandWithLabel(tree_node_secret, "tree", "left" | "right", Nh)
 *   ratchet root   = ExpandWithLabel(leaf_secret, "handshake" | "application", "", Nh)
 *
 * A secret whose children are known is not kept: whoever takes the state cannot derive a key that was spent.
 */
import { utf8 } from '@hyphae/core'
import { zeroize } from '@hyphae/crypto'
import { MlsError } from './errors.js'
import { expandWithLabel } from './labels.js'
import { assertGeneration, keyAt, type MessageKey, newRatchet, type Ratchet } from './ratchet.js'
import type { SyncSuite } from './sync-suite.js'

/** Nothing below has been derived. */
export interface Seed {
  readonly kind: 'seed'
  readonly secret: Uint8Array
}

export interface Branch {
  readonly kind: 'branch'
  readonly left: SecretNode
  readonly right: SecretNode
}

export interface LeafRatchets {
  readonly kind: 'leaf'
  readonly handshake: Ratchet
  readonly application: Ratchet
}

export type SecretNode = Seed | Branch | LeafRatchets

export type RatchetName = 'handshake' | 'application'

export interface SecretTree {
  /** Leaves, a power of two. */
  readonly width: number
  readonly root: SecretNode
}

const EMPTY = new Uint8Array()
const LEFT = utf8('left')
const RIGHT = utf8('right')

/** Keeps a copy of the secret. */
export function createSecretTree(width: number, encryptionSecret: Uint8Array): SecretTree {
  return { width, root: { kind: 'seed', secret: encryptionSecret.slice() } }
}

/** What a state holds that may no longer read anything. */
export const NO_SECRET_TREE: SecretTree = Object.freeze({
  width: 0,
  root: Object.freeze({ kind: 'seed', secret: EMPTY }),
})

function split(suite: SyncSuite, { secret }: Seed): Branch {
  const child = (side: Uint8Array): Seed => ({
    kind: 'seed',
    secret: expandWithLabel(suite, secret, 'tree', side, suite.hash.size),
  })
  return { kind: 'branch', left: child(LEFT), right: child(RIGHT) }
}

function ratchets(suite: SyncSuite, { secret }: Seed): LeafRatchets {
  const start = (name: RatchetName): Ratchet =>
    newRatchet(expandWithLabel(suite, secret, name, EMPTY, suite.hash.size))
  return { kind: 'leaf', handshake: start('handshake'), application: start('application') }
}

/** The ratchets of a leaf, or null when nobody has used it in this epoch. */
export function leafRatchets(tree: SecretTree, leaf: number): LeafRatchets | null {
  let node = tree.root
  let at = leaf
  for (let half = tree.width / 2; node.kind === 'branch'; half /= 2) {
    node = at < half ? node.left : node.right
    if (at >= half) at -= half
  }
  return node.kind === 'leaf' ? node : null
}

interface Used {
  readonly node: SecretNode
  readonly key: MessageKey
}

/** `fresh`: this call has derived the seed, so nobody else holds it. */
function use(
  suite: SyncSuite,
  node: SecretNode,
  width: number,
  leaf: number,
  take: (ratchets: LeafRatchets) => { node: LeafRatchets; key: MessageKey },
  fresh: boolean,
): Used {
  if (width === 1) {
    if (node.kind === 'branch') throw new MlsError('mls/bad-snapshot')
    const leafNode = node.kind === 'leaf' ? node : ratchets(suite, node)
    if (fresh && node.kind === 'seed') zeroize(node.secret)
    return take(leafNode)
  }
  if (node.kind === 'leaf') throw new MlsError('mls/bad-snapshot')
  const made = node.kind === 'seed'
  const branch = made ? split(suite, node) : node
  if (made && fresh) zeroize(node.secret)
  const half = width / 2
  if (leaf < half) {
    const { node: left, key } = use(suite, branch.left, half, leaf, take, made)
    return { node: { kind: 'branch', left, right: branch.right }, key }
  }
  const { node: right, key } = use(suite, branch.right, half, leaf - half, take, made)
  return { node: { kind: 'branch', left: branch.left, right }, key }
}

export interface SpentKey {
  readonly key: MessageKey
  readonly generation: number
  /** Without the key. */
  readonly tree: SecretTree
}

/**
 * The key of one generation of a leaf's ratchet; the next one when `generation` is left out.
 * @throws MlsError `mls/replayed`, `mls/too-far-ahead`, both before anything is derived
 */
export function spendKey(
  suite: SyncSuite,
  tree: SecretTree,
  leaf: number,
  name: RatchetName,
  generation?: number,
): SpentKey {
  const at = generation ?? leafRatchets(tree, leaf)?.[name].generation ?? 0
  assertReadable(tree, leaf, name, at)
  const { node, key } = use(
    suite,
    tree.root,
    tree.width,
    leaf,
    (leafNode) => {
      const { ratchet, key: found } = keyAt(suite, leafNode[name], at)
      return { node: { ...leafNode, [name]: ratchet }, key: found }
    },
    false,
  )
  return { key, generation: at, tree: { width: tree.width, root: node } }
}

/** @throws MlsError `mls/replayed`, `mls/too-far-ahead`, `mls/not-a-member` for a leaf outside the tree */
export function assertReadable(tree: SecretTree, leaf: number, name: RatchetName, generation: number): void {
  if (leaf >= tree.width) throw new MlsError('mls/not-a-member', { details: { leaf } })
  assertGeneration(leafRatchets(tree, leaf)?.[name], generation)
}

/** Every secret of a tree but those in nodes that one of `others` shares with it. */
export function* secretsIn(node: SecretNode, others: readonly SecretNode[] = []): Iterable<Uint8Array> {
  if (others.includes(node)) return
  if (node.kind === 'seed') yield node.secret
  if (node.kind === 'leaf')
    for (const { secret, skipped } of [node.handshake, node.application]) {
      yield secret
      for (const { key, nonce } of skipped.values()) yield* [key, nonce]
    }
  if (node.kind !== 'branch') return
  const branches = others.filter((other) => other.kind === 'branch')
  yield* secretsIn(
    node.left,
    branches.map(({ left }) => left),
  )
  yield* secretsIn(
    node.right,
    branches.map(({ right }) => right),
  )
}
