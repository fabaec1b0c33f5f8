/**
 * Path secrets (RFC 9420 sections 7.4 to 7.6): what a committer derives, what a receiver decrypts, and which
 * private keys stay. Knows trees and keys; nothing of proposals or epochs.
 *
 *   node_secret[n]  = DeriveSecret(path_secret[n], "node")
 *   path_secret[n+1] = DeriveSecret(path_secret[n], "path")
 *   commit_secret   = DeriveSecret(path_secret of the highest node, "path")
 */
import { equalBytes } from '@hyphae/core'
import type { CiphersuiteImpl, GroupContext, PrivateKeyPath, RatchetTree, UpdatePath } from 'ts-mls'
import { applyUpdatePathSecret } from 'ts-mls/createCommit.js'
import { deriveSecret } from 'ts-mls/crypto/kdf.js'
import { filteredDirectPathAndCopathResolution } from 'ts-mls/ratchetTree.js'
import {
  directPath,
  type LeafIndex,
  leafToNodeIndex,
  leafWidth,
  type NodeIndex,
  toLeafIndex,
} from 'ts-mls/treemath.js'
import { MlsError, type MlsErrorCode } from './errors.js'

export interface DerivedPath {
  /** Private keys by node index. */
  readonly keys: Record<number, Uint8Array>
  readonly commitSecret: Uint8Array
}

/**
 * From the path secret of node `from` on the sender's filtered direct path up to its end. Every derived
 * public key must be the one in the tree, or the sender gave this member other secrets than it published.
 * @throws MlsError `code`
 */
export async function derivePath(
  cs: CiphersuiteImpl,
  tree: RatchetTree,
  sender: LeafIndex,
  from: number,
  pathSecret: Uint8Array,
  code: MlsErrorCode,
): Promise<DerivedPath> {
  const path = filteredDirectPathAndCopathResolution(sender, tree).map((step) => step.nodeIndex as number)
  const start = path.indexOf(from)
  if (start < 0) throw new MlsError(code)
  const keys: Record<number, Uint8Array> = {}
  let secret = pathSecret
  for (const index of path.slice(start)) {
    const node = tree[index]
    const pair = await cs.hpke.deriveKeyPair(await deriveSecret(secret, 'node', cs.kdf))
    const publicKey = await cs.hpke.exportPublicKey(pair.publicKey)
    if (node?.nodeType !== 'parent' || !equalBytes(node.parent.hpkePublicKey, publicKey))
      throw new MlsError(code)
    keys[index] = await cs.hpke.exportPrivateKey(pair.privateKey)
    secret = await deriveSecret(secret, 'path', cs.kdf)
  }
  return { keys, commitSecret: secret }
}

/** A path has one ciphertext for each node that must learn its secret, no more and no fewer. */
export function assertPathShape(
  tree: RatchetTree,
  sender: LeafIndex,
  path: UpdatePath,
  added: ReadonlySet<NodeIndex>,
): void {
  const steps = filteredDirectPathAndCopathResolution(sender, tree)
  const fits =
    steps.length === path.nodes.length &&
    steps.every(({ resolution }, level) => {
      const readers = resolution.filter((node) => !added.has(node))
      return path.nodes[level]?.encryptedPathSecret.length === readers.length
    })
  if (!fits) throw new MlsError('mls/bad-commit')
}

/**
 * Decrypts this member's share of a path. `context` is the provisional group context of section 12.4.2: the
 * next epoch, the new tree's hash and the extensions that the commit leaves in place.
 */
export async function openPath(
  cs: CiphersuiteImpl,
  tree: RatchetTree,
  own: PrivateKeyPath,
  sender: LeafIndex,
  context: GroupContext,
  path: UpdatePath,
  added: readonly NodeIndex[],
): Promise<DerivedPath> {
  const { nodeIndex, pathSecret } = await applyUpdatePathSecret(
    tree,
    own,
    sender,
    context,
    path,
    [...added],
    cs,
  )
  return derivePath(cs, tree, sender, nodeIndex, pathSecret, 'mls/bad-commit')
}

/** Forgets the keys of nodes that the tree has blanked: nobody encrypts to them any more. */
export function keepLiveKeys(tree: RatchetTree, own: PrivateKeyPath): PrivateKeyPath {
  const leafNode = leafToNodeIndex(toLeafIndex(own.leafIndex))
  const privateKeys: Record<number, Uint8Array> = {}
  for (const index of [leafNode, ...directPath(leafNode, leafWidth(tree.length))]) {
    const key = own.privateKeys[index]
    if (key !== undefined && tree[index] !== undefined) privateKeys[index] = key
  }
  return { leafIndex: own.leafIndex, privateKeys }
}
