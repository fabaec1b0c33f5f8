// TreeKEM, trees, messages and Welcomes: the vectors through this package's own code.
import { fromHex, toHex } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import type { GroupContext, LeafNode, MLSMessage, PrivateMessage, RatchetTree } from 'ts-mls'
import { deriveSecret } from 'ts-mls/crypto/kdf.js'
import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from 'ts-mls/groupInfo.js'
import { decodeRatchetTree } from 'ts-mls/ratchetTree.js'
import { toLeafIndex } from 'ts-mls/treemath.js'
import { decodeUpdatePath } from 'ts-mls/updatePath.js'
import { expect, it } from 'vitest'
import { decodeMessage } from '../../src/codec.js'
import { openMessage } from '../../src/message.js'
import { assertPathShape, mergeUpdatePath, openPath } from '../../src/path.js'
import { suiteOf } from '../../src/provider.js'
import { createSecretTree } from '../../src/secret-tree.js'
import type { Opened } from '../../src/state.js'
import type { MlsSuite } from '../../src/suite.js'
import { assertTreeKeys, assertTreeShape, assertUniqueTree } from '../../src/tree.js'
import { hashAt, hashTree, parentHashesHold } from '../../src/tree-hash.js'
import { openGroupInfo, openGroupSecrets } from '../../src/welcome.js'
import { raw } from '../attacker.js'
import { at, device, groupOf } from '../helpers.js'
import { MORE, official } from './official.js'

function treeFrom(hex: string): RatchetTree {
  const tree = decodeRatchetTree(fromHex(hex), 0)?.[0]
  if (tree === undefined) throw new Error('vector does not decode')
  return tree
}

interface TreeKem {
  readonly cipher_suite: MlsSuite
  readonly group_id: string
  readonly epoch: number
  readonly confirmed_transcript_hash: string
  readonly ratchet_tree: string
  readonly leaves_private: readonly {
    index: number
    encryption_priv: string
    path_secrets: readonly { node: number; path_secret: string }[]
  }[]
  readonly update_paths: readonly {
    sender: number
    update_path: string
    path_secrets: readonly (string | null)[]
    commit_secret: string
    tree_hash_after: string
  }[]
}

async function checkTreeKem(vector: TreeKem): Promise<void> {
  const cs = suiteOf(defaultCrypto, vector.cipher_suite, MORE)
  const tree = treeFrom(vector.ratchet_tree)
  // The NIST curves are slow here, and each path repeats what the one before has shown.
  const slow = vector.cipher_suite === 2 || vector.cipher_suite === 7
  for (const update of slow ? vector.update_paths.slice(0, 2) : vector.update_paths) {
    const path = decodeUpdatePath(fromHex(update.update_path), 0)?.[0]
    if (path === undefined) throw new Error('vector does not decode')
    const sender = toLeafIndex(update.sender)
    const steps = assertPathShape(tree, sender, path, new Set())
    const merged = mergeUpdatePath(cs, tree, tree, sender, path, steps)
    expect(toHex(hashTree(cs.sync.hash, merged).root)).toBe(update.tree_hash_after)
    const context: GroupContext = {
      version: 'mls10',
      cipherSuite: cs.name,
      groupId: fromHex(vector.group_id),
      epoch: BigInt(vector.epoch),
      treeHash: fromHex(update.tree_hash_after),
      confirmedTranscriptHash: fromHex(vector.confirmed_transcript_hash),
      extensions: [],
    }
    for (const leaf of vector.leaves_private) {
      if (leaf.index === update.sender) continue
      const privateKeys: Record<number, Uint8Array> = { [leaf.index * 2]: fromHex(leaf.encryption_priv) }
      for (const { node, path_secret } of leaf.path_secrets) {
        const pair = await cs.hpke.deriveKeyPair(await deriveSecret(fromHex(path_secret), 'node', cs.kdf))
        privateKeys[node] = await cs.hpke.exportPrivateKey(pair.privateKey)
      }
      const own = { leafIndex: leaf.index, privateKeys }
      const { commitSecret } = openPath(cs, merged, own, sender, context, path, [])
      expect(toHex(commitSecret), `leaf ${leaf.index}`).toBe(update.commit_secret)
    }
  }
}

official<TreeKem>('treekem', (vectors) => {
  it.each(vectors.map((vector, i) => [i, vector] as const))('%i', (_, vector) => checkTreeKem(vector))
})

interface TreeCase {
  readonly cipher_suite: MlsSuite
  readonly tree: string
  readonly tree_hashes: readonly string[]
}

/** The tree with one of its parent nodes pointing elsewhere, or claiming another unmerged leaf. */
function breakages(tree: RatchetTree): RatchetTree[] {
  return tree.flatMap((node, index) => {
    if (node?.nodeType !== 'parent') return []
    const { parent } = node
    const other = (change: object): RatchetTree =>
      tree.map((n, i) => (i === index ? { ...node, parent: { ...parent, ...change } } : n))
    const fewer = parent.unmergedLeaves.length > 0 ? [other({ unmergedLeaves: [] })] : []
    return [other({ hpkePublicKey: new Uint8Array(32) }), other({ parentHash: new Uint8Array(32) }), ...fewer]
  })
}

official<TreeCase>('tree-validation', (vectors) => {
  it('every valid tree is accepted, with every hash', () => {
    for (const [i, { cipher_suite, tree: hex, tree_hashes }] of vectors.entries()) {
      const tree = treeFrom(hex)
      assertTreeShape(tree, 'mls/bad-welcome')
      assertTreeKeys(tree, suiteOf(defaultCrypto, cipher_suite, MORE).sync, 'mls/bad-welcome')
      const hashed = hashTree(suiteOf(defaultCrypto, cipher_suite, MORE).sync.hash, tree)
      expect(
        tree.map((_, index) => toHex(hashAt(hashed, index))),
        `tree ${i}`,
      ).toEqual(tree_hashes)
      expect(parentHashesHold(hashed), `tree ${i}`).toBe(true)
      assertUniqueTree(tree)
      for (const broken of breakages(tree))
        expect(
          parentHashesHold(hashTree(suiteOf(defaultCrypto, cipher_suite, MORE).sync.hash, broken)),
          `tree ${i}`,
        ).toBe(false)
    }
  })
})

interface Protection {
  readonly cipher_suite: MlsSuite
  readonly group_id: string
  readonly epoch: number
  readonly tree_hash: string
  readonly confirmed_transcript_hash: string
  readonly signature_pub: string
  readonly encryption_secret: string
  readonly sender_data_secret: string
  readonly application: string
  readonly application_priv: string
  readonly proposal_priv: string
  readonly commit_priv: string
}

official<Protection>('message-protection', (vectors) => {
  it.each(vectors)('suite $cipher_suite', async (v) => {
    const own = device('own')
    const cs = suiteOf(defaultCrypto, v.cipher_suite, MORE)
    const opened: Opened = { ...raw(own, at(await groupOf([own]), 0)), cs }
    const leaf = opened.client.ratchetTree[0]
    if (leaf?.nodeType !== 'leaf') throw new Error('no leaf')
    const sender: LeafNode = { ...leaf.leaf, signaturePublicKey: fromHex(v.signature_pub) }
    const keys = {
      senderDataSecret: fromHex(v.sender_data_secret),
      secretTree: createSecretTree(2, fromHex(v.encryption_secret)),
      ratchetTree: [leaf, undefined, { nodeType: 'leaf' as const, leaf: sender }],
      groupContext: {
        version: 'mls10' as const,
        cipherSuite: opened.cs.name,
        groupId: fromHex(v.group_id),
        epoch: BigInt(v.epoch),
        treeHash: fromHex(v.tree_hash),
        confirmedTranscriptHash: fromHex(v.confirmed_transcript_hash),
        extensions: [],
      },
    }
    const read = async (hex: string): Promise<Awaited<ReturnType<typeof openMessage>>> => {
      const message: MLSMessage = decodeMessage(fromHex(hex), 4096, 'mls/malformed')
      const { privateMessage } = message as { privateMessage: PrivateMessage }
      return openMessage(opened, keys, privateMessage)
    }
    const application = await read(v.application_priv)
    expect(application.sender).toBe(1)
    expect(application.authenticated.content).toMatchObject({ applicationData: fromHex(v.application) })
    expect((await read(v.proposal_priv)).authenticated.content.contentType).toBe('proposal')
    expect((await read(v.commit_priv)).authenticated.content.contentType).toBe('commit')
  })
})

interface WelcomeCase {
  readonly cipher_suite: MlsSuite
  readonly init_priv: string
  readonly key_package: string
  readonly signer_pub: string
  readonly welcome: string
}

official<WelcomeCase>('welcome', (vectors) => {
  it.each(vectors)('suite $cipher_suite', async (v) => {
    const cs = suiteOf(defaultCrypto, v.cipher_suite, MORE)
    const decode = (hex: string): MLSMessage => decodeMessage(fromHex(hex), 4096, 'mls/malformed')
    const [welcome, keyPackage] = [decode(v.welcome), decode(v.key_package)]
    if (welcome.wireformat !== 'mls_welcome' || keyPackage.wireformat !== 'mls_key_package')
      throw new Error('vector of another kind')
    const secrets = await openGroupSecrets(cs, welcome.welcome, keyPackage.keyPackage, fromHex(v.init_priv))
    const info = await openGroupInfo(cs, welcome.welcome, secrets.joinerSecret)
    expect(await verifyGroupInfoSignature(info, fromHex(v.signer_pub), cs.signature)).toBe(true)
    const psk = new Uint8Array(cs.kdf.size)
    expect(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, psk, cs)).toBe(true)
  })
})
