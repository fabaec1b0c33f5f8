/**
 * An update path as its committer makes it (RFC 9420 sections 7.4 to 7.6 and 12.4.1): fresh keys from its leaf to
 * the root, and each secret sealed to those below. Knows trees and keys; nothing of proposals or epochs.
 */
import { zeroize } from '@hyphae/crypto'
import type { GroupContext, PrivateKeyPath, RatchetTree, UpdatePath } from 'ts-mls'
import type { LeafNodeCommit } from 'ts-mls/leafNode.js'
import { leafToNodeIndex, toLeafIndex } from 'ts-mls/treemath.js'
import { contextBytes } from './application.js'
import { MlsError } from './errors.js'
import { deriveSecret, labelled } from './labels.js'
import { leafTbs } from './leaf-codec.js'
import { filteredPath, keepLiveKeys, type PathStep, plantPath } from './path.js'
import type { SuiteImpl } from './provider.js'
import { leafAt } from './state.js'
import { type KemPair, sealToAll } from './sync-suite.js'
import { hashTree } from './tree-hash.js'

/** The secret of one node on the path, and what its holders open. */
export interface PathSecret {
  readonly step: PathStep
  readonly secret: Uint8Array
  readonly pair: KemPair
}

export interface MadePath {
  readonly tree: RatchetTree
  readonly path: UpdatePath
  /** From the leaf upwards. */
  readonly secrets: readonly PathSecret[]
  readonly privatePath: PrivateKeyPath
  readonly commitSecret: Uint8Array
}

export interface PathRequest {
  /** After the commit's proposals. */
  readonly tree: RatchetTree
  /** One that has been hashed and is close to it. */
  readonly known: RatchetTree
  readonly own: PrivateKeyPath
  readonly signatureKey: Uint8Array
  /** Of this epoch, with the extensions of the next. */
  readonly context: GroupContext
  /** Leaves that learn their secrets from the Welcome. */
  readonly newcomers: readonly number[]
}

function deriveSecrets(
  { sync: suite }: SuiteImpl,
  steps: readonly PathStep[],
  start: Uint8Array,
): PathSecret[] {
  let secret = start
  return steps.map((step) => {
    secret = deriveSecret(suite, secret, 'path')
    return { step, secret, pair: suite.deriveKemPair(deriveSecret(suite, secret, 'node')) }
  })
}

function signLeaf(
  { sync: suite }: SuiteImpl,
  { tree, own, context, signatureKey }: PathRequest,
  hpkePublicKey: Uint8Array,
  parentHash: Uint8Array,
): LeafNodeCommit {
  const old = leafAt(tree, own.leafIndex)
  if (old === null) throw new MlsError('mls/bad-commit')
  const { signaturePublicKey, credential, capabilities, extensions } = old
  const data = { hpkePublicKey, signaturePublicKey, credential, capabilities, extensions }
  const leaf = { ...data, leafNodeSource: 'commit' as const, parentHash, signature: new Uint8Array() }
  const tbs = leafTbs(leaf, context.groupId, own.leafIndex)
  return { ...leaf, signature: suite.sign(signatureKey, labelled('LeafNodeTBS', tbs)) }
}

function encryptionKeyAt(tree: RatchetTree, index: number): Uint8Array {
  const node = tree[index]
  if (node === undefined) throw new MlsError('mls/bad-commit')
  return node.nodeType === 'leaf' ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey
}

/** Sealed to the keys before the path, which are the ones that the others hold. */
function sealSecrets(
  { sync: suite }: SuiteImpl,
  tree: RatchetTree,
  secrets: readonly PathSecret[],
  context: GroupContext,
  newcomers: ReadonlySet<number>,
): UpdatePath['nodes'] {
  const info = labelled('UpdatePathNode', contextBytes(context))
  return secrets.map(({ step, secret, pair }) => {
    const readers = step.resolution.filter((node) => !newcomers.has(node / 2))
    const recipients = readers.map((node) => ({ publicKey: encryptionKeyAt(tree, node), plaintext: secret }))
    return { hpkePublicKey: pair.publicKey, encryptedPathSecret: sealToAll(suite, recipients, info) }
  })
}

export function makePath(cs: SuiteImpl, request: PathRequest): MadePath {
  const { tree, known, own, context, newcomers } = request
  const { sync: suite } = cs
  const leafIndex = toLeafIndex(own.leafIndex)
  const steps = filteredPath(tree, leafIndex)
  const start = suite.randomBytes(suite.hash.size)
  const leafPair = suite.deriveKemPair(deriveSecret(suite, start, 'node'))
  const secrets = deriveSecrets(cs, steps, start)
  const keys = secrets.map(({ pair }) => pair.publicKey)
  const { merged, leafParentHash } = plantPath(suite.hash, tree, known, leafIndex, steps, keys)
  const leafNode = signLeaf(cs, request, leafPair.publicKey, leafParentHash)
  const ownNode = leafToNodeIndex(leafIndex)
  merged[ownNode] = { nodeType: 'leaf', leaf: leafNode }
  const treeHash = hashTree(suite.hash, merged, tree).root
  const provisional = { ...context, treeHash, epoch: context.epoch + 1n }
  const nodes = sealSecrets(cs, tree, secrets, provisional, new Set(newcomers))
  const privateKeys = { ...own.privateKeys, [ownNode]: leafPair.privateKey }
  for (const { step, pair } of secrets) privateKeys[step.node] = pair.privateKey
  const top = secrets.at(-1)
  // Alone in the group nobody else derives it, so fresh randomness serves.
  const commitSecret =
    top === undefined ? suite.randomBytes(suite.hash.size) : deriveSecret(suite, top.secret, 'path')
  zeroize(start)
  const privatePath = keepLiveKeys(merged, { leafIndex: own.leafIndex, privateKeys })
  return { tree: merged, path: { leafNode, nodes }, secrets, privatePath, commitSecret }
}
