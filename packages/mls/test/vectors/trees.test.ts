// Secret trees and changes of ratchet trees: the vectors through this package's own code.
import { fromHex, toHex } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { decodeProposal } from 'ts-mls/proposal.js'
import { removeLeafNode, updateLeafNode } from 'ts-mls/ratchetTree.js'
import { toLeafIndex } from 'ts-mls/treemath.js'
import { expect, it } from 'vitest'
import { suiteOf } from '../../src/provider.js'
import { createSecretTree, type RatchetName, spendKey } from '../../src/secret-tree.js'
import type { MlsSuite } from '../../src/suite.js'
import { addLeaves } from '../../src/tree-add.js'
import { decodeTree, encodeTree } from '../../src/tree-codec.js'
import { hashTree } from '../../src/tree-hash.js'
import { MORE, official } from './official.js'

interface Generation {
  readonly generation: number
  readonly application_key: string
  readonly application_nonce: string
  readonly handshake_key: string
  readonly handshake_nonce: string
}

interface SecretTreeCase {
  readonly cipher_suite: MlsSuite
  readonly encryption_secret: string
  readonly leaves: readonly (readonly Generation[])[]
}

official<SecretTreeCase>('secret-tree', (vectors) => {
  it.each(vectors.map((vector, i) => [i, vector] as const))('%i, leaf after leaf', (_, vector) => {
    const suite = suiteOf(defaultCrypto, vector.cipher_suite, MORE).sync
    let tree = createSecretTree(vector.leaves.length, fromHex(vector.encryption_secret))
    // Backwards, so that what is derived first is not what comes first.
    for (let leaf = vector.leaves.length - 1; leaf >= 0; leaf--) {
      for (const want of vector.leaves[leaf] ?? []) {
        const take = (name: RatchetName): string[] => {
          const spent = spendKey(suite, tree, leaf, name, want.generation)
          tree = spent.tree
          return [toHex(spent.key.key), toHex(spent.key.nonce)]
        }
        expect(take('application')).toEqual([want.application_key, want.application_nonce])
        expect(take('handshake')).toEqual([want.handshake_key, want.handshake_nonce])
      }
    }
  })
})

interface TreeOperation {
  readonly cipher_suite: MlsSuite
  readonly tree_before: string
  readonly tree_hash_before: string
  readonly proposal: string
  readonly proposal_sender: number
  readonly tree_after: string
  readonly tree_hash_after: string
}

official<TreeOperation>('tree-operations', (vectors) => {
  it('every change gives the tree and its hash, hashed anew or from the tree before', () => {
    for (const vector of vectors) {
      const { hash } = suiteOf(defaultCrypto, vector.cipher_suite, MORE).sync
      const before = decodeTree(fromHex(vector.tree_before), 4095, 'mls/malformed')
      expect(toHex(hashTree(hash, before).root)).toBe(vector.tree_hash_before)
      expect(toHex(encodeTree(before))).toBe(vector.tree_before)
      const proposal = decodeProposal(fromHex(vector.proposal), 0)?.[0]
      const sender = toLeafIndex(vector.proposal_sender)
      const after =
        proposal?.proposalType === 'add'
          ? addLeaves(before, [proposal.add.keyPackage.leafNode]).tree
          : proposal?.proposalType === 'remove'
            ? removeLeafNode(before, toLeafIndex(proposal.remove.removed))
            : proposal?.proposalType === 'update'
              ? updateLeafNode(before, proposal.update.leafNode, sender)
              : []
      expect(toHex(encodeTree(after))).toBe(vector.tree_after)
      expect(toHex(hashTree(hash, after, before).root)).toBe(vector.tree_hash_after)
      expect(toHex(hashTree(hash, after.slice()).root)).toBe(vector.tree_hash_after)
    }
  })
})
