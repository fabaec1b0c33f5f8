// Our codecs of trees and commits write what ts-mls writes, and read nothing else.
import { defaultCrypto } from '@hyphae/crypto'
import fc from 'fast-check'
import type { Commit, KeyPackage, LeafNode, Node, ParentNode, ProposalOrRef, RatchetTree } from 'ts-mls'
import { encodeCommit } from 'ts-mls/commit.js'
import { encodeKeyPackage } from 'ts-mls/keyPackage.js'
import { encodeLeafNodeTBS } from 'ts-mls/leafNode.js'
import { encodeMlsMessage } from 'ts-mls/message.js'
import { addLeafNode, encodeRatchetTree } from 'ts-mls/ratchetTree.js'
import { treeHashRoot } from 'ts-mls/treeHash.js'
import { expect, it } from 'vitest'
import { commitBytes, keyPackageBytes } from '../../src/commit-codec.js'
import { MlsError } from '../../src/errors.js'
import { leafTbs } from '../../src/leaf-codec.js'
import { suiteOf } from '../../src/provider.js'
import { assertTreeShape } from '../../src/tree.js'
import { addLeaves } from '../../src/tree-add.js'
import { decodeTree, encodeTree } from '../../src/tree-codec.js'
import { hashTree } from '../../src/tree-hash.js'
import { decodeWelcome, encodeWelcome } from '../../src/welcome-codec.js'
import { codeOf } from '../helpers.js'

const cs = suiteOf(defaultCrypto, 1)
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })
const extension = fc.record({
  extensionType: fc.constantFrom<number | 'application_id'>(0xf0a1, 0xfa01, 'application_id'),
  extensionData: bytes(80),
})
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

const data = fc.record({
  hpkePublicKey: bytes(70),
  signaturePublicKey: bytes(40),
  credential: fc.oneof(
    fc.record({ credentialType: fc.constant('basic' as const), identity: bytes(300) }),
    fc.record({
      credentialType: fc.constant('x509' as const),
      certificates: fc.array(bytes(100), { maxLength: 3 }),
    }),
  ),
  capabilities: fc.record({
    versions: fc.subarray(['mls10' as const]),
    ciphersuites: fc.subarray([
      'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519' as const,
      'MLS_256_DHKEMP384_AES256GCM_SHA384_P384' as const,
    ]),
    extensions: fc.subarray([0xf0a1, 0x0a0a, 7]),
    proposals: fc.subarray([0xf0a1, 9]),
    credentials: fc.subarray(['basic' as const, 'x509' as const]),
  }),
  extensions: fc.array(extension, { maxLength: 2 }),
  signature: bytes(70),
})

const keyPackageLeaf = fc
  .record({ data, lifetime: fc.record({ notBefore: u64, notAfter: u64 }) })
  .map((r) => ({ ...r.data, leafNodeSource: 'key_package' as const, lifetime: r.lifetime }))
const leaf: fc.Arbitrary<LeafNode> = fc.oneof(
  keyPackageLeaf,
  data.map((d) => ({ ...d, leafNodeSource: 'update' as const })),
  fc
    .record({ data, parentHash: bytes(48) })
    .map((r) => ({ ...r.data, leafNodeSource: 'commit' as const, parentHash: r.parentHash })),
)
const parent: fc.Arbitrary<ParentNode> = fc.record({
  hpkePublicKey: bytes(70),
  parentHash: bytes(48),
  unmergedLeaves: fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 20 }),
})

const tree: fc.Arbitrary<RatchetTree> = fc.integer({ min: 0, max: 4 }).chain((depth) => {
  const nodes = Array.from(
    { length: 2 ** (depth + 1) - 1 },
    (_, index): fc.Arbitrary<Node | undefined> =>
      index % 2 === 0
        ? fc.option(
            leaf.map((node) => ({ nodeType: 'leaf' as const, leaf: node })),
            { nil: undefined },
          )
        : fc.option(
            parent.map((node) => ({ nodeType: 'parent' as const, parent: node })),
            { nil: undefined },
          ),
  )
  return fc.tuple(...nodes).filter((all) => all[all.length - 1] !== undefined)
})

it('a tree has the bytes and the hash of ts-mls, and reads back', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (nodes) => {
      const encoded = encodeTree(nodes)
      expect(encoded).toEqual(encodeRatchetTree(nodes))
      expect(decodeTree(encoded, 31, 'mls/malformed')).toEqual(nodes)
      expect(hashTree(cs.sync.hash, nodes).root).toEqual(await treeHashRoot(nodes, cs.hash))
    }),
    { numRuns: 60 },
  )
})

it('hostile 1: a tree cut short, prolonged or changed is refused or is another tree, byte for byte', () => {
  fc.assert(
    fc.property(tree, fc.nat(), fc.nat({ max: 255 }), (nodes, at, byte) => {
      const encoded = encodeTree(nodes)
      const verdict = (input: Uint8Array): string => {
        try {
          return Buffer.from(encodeTree(decodeTree(input, 31, 'mls/malformed'))).toString('hex')
        } catch (error) {
          if (!(error instanceof MlsError)) throw error
          return 'refused'
        }
      }
      const changed = encoded.slice()
      changed[at % changed.length] = byte
      for (const input of [
        encoded.subarray(0, at % encoded.length),
        Uint8Array.of(...encoded, byte),
        changed,
      ])
        expect([Buffer.from(input).toString('hex'), 'refused']).toContain(verdict(input))
    }),
    { numRuns: 150 },
  )
})

it('what a leaf signs is what ts-mls says it signs', () => {
  const groupId = new Uint8Array(16).fill(5)
  fc.assert(
    fc.property(leaf, (node) => {
      const tbs = node.leafNodeSource === 'key_package' ? node : { ...node, groupId, leafIndex: 77 }
      expect(leafTbs(node, groupId, 77)).toEqual(
        encodeLeafNodeTBS(tbs as Parameters<typeof encodeLeafNodeTBS>[0]),
      )
    }),
    { numRuns: 60 },
  )
})

const keyPackage: fc.Arbitrary<KeyPackage> = fc.record({
  version: fc.constant('mls10' as const),
  cipherSuite: fc.constant('MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519' as const),
  initKey: bytes(40),
  leafNode: keyPackageLeaf,
  extensions: fc.array(extension, { maxLength: 2 }),
  signature: bytes(70),
})
const entry: fc.Arbitrary<ProposalOrRef> = fc.oneof(
  keyPackage.map((kp) => ({
    proposalOrRefType: 'proposal' as const,
    proposal: { proposalType: 'add' as const, add: { keyPackage: kp } },
  })),
  fc.nat().map((removed) => ({
    proposalOrRefType: 'proposal' as const,
    proposal: { proposalType: 'remove' as const, remove: { removed } },
  })),
  bytes(40).map((reference) => ({ proposalOrRefType: 'reference' as const, reference })),
)
const sealed = fc.record({ kemOutput: bytes(40), ciphertext: bytes(70) })
const path = fc
  .record({ data, parentHash: bytes(40) })
  .map((r) => ({ ...r.data, leafNodeSource: 'commit' as const, parentHash: r.parentHash }))
  .chain((leafNode) =>
    fc
      .array(
        fc.record({ hpkePublicKey: bytes(40), encryptedPathSecret: fc.array(sealed, { maxLength: 4 }) }),
        { maxLength: 4 },
      )
      .map((nodes) => ({ leafNode, nodes })),
  )

it('a KeyPackage and a commit have the bytes of ts-mls', () => {
  fc.assert(
    fc.property(
      keyPackage,
      fc.array(entry, { maxLength: 4 }),
      fc.option(path, { nil: undefined }),
      (kp, proposals, p) => {
        expect(keyPackageBytes(kp)).toEqual(encodeKeyPackage(kp))
        const commit: Commit = { proposals, path: p }
        expect(commitBytes(commit)).toEqual(encodeCommit(commit))
        expect(commitBytes(commit)).toBe(commitBytes(commit))
      },
    ),
    { numRuns: 60 },
  )
})

it('leaves are added where ts-mls adds them, with unmerged leaves in the order that the RFC asks for', () => {
  const blank = (at: number[], nodes: RatchetTree): RatchetTree =>
    nodes.map((node, index) => (at.includes(index / 2) ? undefined : node))
  fc.assert(
    fc.property(
      fc.array(keyPackageLeaf, { minLength: 2, maxLength: 9 }),
      fc.array(fc.nat({ max: 7 })),
      (leaves, gone) => {
        const start: RatchetTree = [{ nodeType: 'leaf', leaf: leaves[0] as LeafNode }]
        const full = addLeaves(start, leaves).tree
        const root: Node = {
          nodeType: 'parent',
          parent: { hpkePublicKey: new Uint8Array(32), parentHash: new Uint8Array(), unmergedLeaves: [] },
        }
        const holes = blank(gone.slice(0, -1), full).map((node, i) =>
          i === (full.length - 1) / 2 ? root : node,
        )
        const ours = addLeaves(holes, leaves).tree
        let theirs = holes
        for (const node of leaves) theirs = addLeafNode(theirs, node)[0]
        const sorted = theirs.map((node) =>
          node?.nodeType === 'parent'
            ? {
                ...node,
                parent: {
                  ...node.parent,
                  unmergedLeaves: [...node.parent.unmergedLeaves].sort((a, b) => a - b),
                },
              }
            : node,
        )
        expect(ours).toEqual(sorted)
        expect(() => assertTreeShape(ours, 'mls/bad-commit')).not.toThrow()
      },
    ),
    { numRuns: 60 },
  )
})

it('a Welcome has the bytes of ts-mls, and reads back; anything else is refused', async () => {
  const welcome = fc.record({
    cipherSuite: fc.constantFrom(
      'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519' as const,
      'MLS_256_DHKEMP384_AES256GCM_SHA384_P384' as const,
    ),
    secrets: fc.array(fc.record({ newMember: bytes(40), encryptedGroupSecrets: sealed }), { maxLength: 5 }),
    encryptedGroupInfo: bytes(300),
  })
  await fc.assert(
    fc.asyncProperty(welcome, fc.nat(), async (made, at) => {
      const encoded = encodeWelcome(made)
      expect(encoded).toEqual(
        encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome: made }),
      )
      expect(decodeWelcome(encoded)).toEqual(made)
      const verdict = (input: Uint8Array): Promise<string> => codeOf(() => decodeWelcome(input))
      expect(await verdict(encoded.subarray(0, at % encoded.length))).toBe('mls/bad-welcome')
      expect(await verdict(Uint8Array.of(...encoded, 0))).toBe('mls/bad-welcome')
    }),
    { numRuns: 60 },
  )
})
