// Trees that no honest group has, and the limits of those that it may have.
import { describe, expect, it } from 'vitest'
import { createKeyPackage, MAX_MEMBERS } from '../../src/index.js'
import { decodeKeyPackage } from '../../src/key-package.js'
import { assertMemberCount, assertTreeShape, assertUniqueChange, assertUniqueTree } from '../../src/tree.js'
import { codeOf, device, text } from '../helpers.js'

const a = device('a')

describe('hostile 29: trees', () => {
  const leaf = async (): Promise<{
    nodeType: 'leaf'
    leaf: ReturnType<typeof decodeKeyPackage>['leafNode']
  }> => {
    const { keyPackage } = await createKeyPackage(a.ctx, a.identity)
    return { nodeType: 'leaf', leaf: decodeKeyPackage(keyPackage).leafNode }
  }

  it('with more members than the limit are refused before any key is looked at', async () => {
    const node = await leaf()
    const tree = Array.from({ length: 2 * (MAX_MEMBERS + 1) - 1 }, (_, i) => (i % 2 === 0 ? node : undefined))
    expect(await codeOf(() => assertMemberCount(tree))).toBe('mls/group-full')
    expect(await codeOf(() => assertMemberCount(tree.slice(2)))).toBe('no error')
  })

  it('of a width that is no power of two, or with nodes in the wrong place, are refused', async () => {
    const node = await leaf()
    const parent = {
      nodeType: 'parent' as const,
      parent: {
        hpkePublicKey: a.ctx.crypto.x25519.generate().publicKey,
        parentHash: text(''),
        unmergedLeaves: [],
      },
    }
    const shape = (tree: Parameters<typeof assertTreeShape>[0]): Promise<string> =>
      codeOf(() => assertTreeShape(tree, 'mls/bad-welcome'))
    expect(await shape([node, parent, node])).toBe('no error')
    for (const bad of [
      [],
      [node, undefined],
      [node, undefined, node, undefined, node],
      [parent],
      [node, node, node],
      new Array(8191).fill(undefined),
    ])
      expect(await shape(bad)).toBe('mls/bad-welcome')
    const unmerged = (leaves: number[]): Promise<string> =>
      shape([node, { ...parent, parent: { ...parent.parent, unmergedLeaves: leaves } }, node])
    expect(await unmerged([1])).toBe('no error')
    for (const leaves of [[2], [1, 1], [1, 0], [2 ** 31], [2 ** 32 - 1]])
      expect(await unmerged(leaves), `${leaves}`).toBe('mls/bad-welcome')
  })

  it('are checked for repeated keys alike, whole or by what changed', async () => {
    const nodes = await Promise.all(
      ['p', 'q', 'r'].map(async (name) => {
        const d = device(name)
        const { keyPackage } = await createKeyPackage(d.ctx, d.identity)
        return { nodeType: 'leaf' as const, leaf: decodeKeyPackage(keyPackage).leafNode }
      }),
    )
    const [p, q, r] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]
    const mixed = (field: object): typeof p => ({ ...r, leaf: { ...r.leaf, ...field } })
    const cases: [typeof p, string][] = [
      [r, 'no error'],
      [mixed({ hpkePublicKey: p.leaf.hpkePublicKey }), 'mls/duplicate-member'],
      [mixed({ signaturePublicKey: q.leaf.signaturePublicKey }), 'mls/duplicate-member'],
      [mixed({ credential: p.leaf.credential }), 'mls/duplicate-member'],
    ]
    for (const [third, code] of cases) {
      const tree = [p, undefined, q, undefined, third, undefined, undefined]
      expect(await codeOf(() => assertUniqueTree(tree))).toBe(code)
      expect(await codeOf(() => assertUniqueChange(tree, [4]))).toBe(code)
      expect(await codeOf(() => assertUniqueChange(tree, new Array(40).fill(4)))).toBe(code)
    }
  })
})
