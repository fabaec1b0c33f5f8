// The secret tree is derived as it is needed: the same keys as a whole one, and no way back to a spent key.
import { toHex } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import fc from 'fast-check'
import {
  createSecretTree as createWholeTree,
  ratchetToGeneration,
  type SecretTree as WholeTree,
} from 'ts-mls/secretTree.js'
import type { ReuseGuard } from 'ts-mls/sender.js'
import { describe, expect, it } from 'vitest'
import { MAX_SKIPPED_MESSAGES } from '../src/index.js'
import { suiteOf } from '../src/provider.js'
import {
  createSecretTree,
  leafRatchets,
  type RatchetName,
  type SecretTree,
  secretsIn,
  spendKey,
} from '../src/secret-tree.js'
import { codeOf } from './helpers.js'

const cs = suiteOf(defaultCrypto, 1)
const suite = cs.sync
const SECRET = new Uint8Array(32).fill(3)
const WIDTH = 8

const secrets = (tree: SecretTree): string[] => [...secretsIn(tree.root)].map(toHex)

async function wholeKey(
  whole: WholeTree,
  leaf: number,
  name: RatchetName,
  generation: number,
): Promise<string> {
  const sender = { leafIndex: leaf, generation, reuseGuard: new Uint8Array(4) as ReuseGuard }
  const retention = { retainKeysForGenerations: 999, retainKeysForEpochs: 1, maximumForwardRatchetSteps: 999 }
  const type = name === 'application' ? 'application' : 'commit'
  return toHex((await ratchetToGeneration(whole, sender, type, retention, cs)).key)
}

describe('a secret tree', () => {
  it('has the keys of the whole tree, in whatever order they are taken, each once', async () => {
    const whole = await createWholeTree(WIDTH, SECRET, cs.kdf)
    const use = fc.record({
      leaf: fc.nat({ max: WIDTH - 1 }),
      name: fc.constantFrom<RatchetName>('application', 'handshake'),
      generation: fc.nat({ max: 12 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(use, { maxLength: 30 }), async (uses) => {
        let tree = createSecretTree(WIDTH, SECRET)
        const spent = new Set<string>()
        for (const { leaf, name, generation } of uses) {
          const id = `${leaf} ${name} ${generation}`
          const before = secrets(tree)
          const take = (): ReturnType<typeof spendKey> => spendKey(suite, tree, leaf, name, generation)
          if (spent.has(id)) expect(await codeOf(take)).toBe('mls/replayed')
          else {
            const taken = take()
            expect(toHex(taken.key.key)).toBe(await wholeKey(whole, leaf, name, generation))
            expect(secrets(tree)).toEqual(before)
            tree = taken.tree
            spent.add(id)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  it('is not derived where nobody has spoken', () => {
    const tree = createSecretTree(1024, SECRET)
    expect([...secretsIn(tree.root)]).toHaveLength(1)
    const { tree: used } = spendKey(suite, tree, 5, 'application')
    // Ten siblings on the way down, and the two ratchets of one leaf.
    expect([...secretsIn(used.root)]).toHaveLength(12)
    expect(leafRatchets(used, 6)).toBeNull()
  })

  it('forgets what leads to a spent key, and shares all else with the tree before', () => {
    const first = spendKey(suite, createSecretTree(WIDTH, SECRET), 2, 'application', 3)
    const second = spendKey(suite, first.tree, 2, 'application')
    expect(secrets(first.tree)).not.toContain(toHex(SECRET))
    const left = new Set(secrets(second.tree))
    expect(left.has(toHex(second.key.key))).toBe(false)
    // Of the three that were passed over there are keys, and no secret that leads on from them.
    expect(leafRatchets(second.tree, 2)?.application.skipped.size).toBe(3)
    const changed = [...secretsIn(second.tree.root, [first.tree.root])]
    // Two ratchet secrets and three skipped keys with their nonces: one leaf.
    expect(changed).toHaveLength(8)
  })

  it('refuses what is too far ahead before it derives anything', async () => {
    let calls = 0
    const expand: typeof suite.expand = (...args) => {
      calls++
      return suite.expand(...args)
    }
    const counting = { ...suite, expand }
    const tree = createSecretTree(WIDTH, SECRET)
    const at = (generation: number) => codeOf(() => spendKey(counting, tree, 1, 'application', generation))
    expect(await at(MAX_SKIPPED_MESSAGES + 1)).toBe('mls/too-far-ahead')
    expect(await at(2 ** 32 - 1)).toBe('mls/too-far-ahead')
    expect(calls).toBe(0)
    expect(await codeOf(() => spendKey(counting, tree, WIDTH, 'application', 0))).toBe('mls/not-a-member')
    expect(await at(MAX_SKIPPED_MESSAGES)).toBe('no error')
  })
})
