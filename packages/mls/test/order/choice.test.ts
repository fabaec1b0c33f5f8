// The order of choice, rule by rule, over epochs that nobody has made.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseTip, rank } from '../../src/order/choice.js'
import { type CommitLink, type EpochNode, HORIZON } from '../../src/order/index.js'
import { wrapState } from '../../src/state.js'

const STATE = wrapState({} as Parameters<typeof wrapState>[0])
const name = (n: number): string => n.toString(16).padStart(32, '0')
const lot = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const nobody = { leaf: 0, credential: new Uint8Array(), signatureKey: new Uint8Array() }

interface Sketch {
  readonly id: number
  readonly parent: number
  readonly actor?: string
  readonly privileged?: boolean
  readonly lot?: number
  readonly published?: boolean
}

function linkOf({ actor = 'x', privileged = false, published = true, lot: n = 7 }: Sketch): CommitLink {
  const bytes = { envelope: new Uint8Array(), digest: new Uint8Array(32), selector: lot(n) }
  const flags = { privileged, published, own: false, sequenced: false }
  return { ...bytes, ...flags, actor, committer: nobody, added: [], removed: [] }
}

function treeOf(sketches: readonly Sketch[]): Map<string, EpochNode> {
  const nodes = new Map<string, EpochNode>()
  const add = (id: number, parent: string | null, link: CommitLink | null): void => {
    const epoch = parent === null ? 0 : (nodes.get(parent)?.epoch ?? 0) + 1
    nodes.set(name(id), {
      tag: name(id),
      epoch,
      parent,
      state: STATE,
      active: true,
      link,
      idle: 0,
      proposals: [],
      sent: [],
    })
  }
  add(0, null, null)
  for (const sketch of sketches) add(sketch.id, name(sketch.parent), linkOf(sketch))
  return nodes
}

const first = (...sketches: Sketch[]): string | undefined => rank(treeOf(sketches), name(0))[0]?.tag

/** A chain of so many commits from this one on, by these actors in turn. */
function chain(from: number, length: number, ...actors: string[]): Sketch[] {
  return Array.from({ length }, (_, i) => ({
    id: from + i + 1,
    parent: from + i,
    actor: actors[i % actors.length] ?? 'x',
  }))
}

describe('among the commits of one epoch goes first', () => {
  it('one that leads beyond the horizon, before anything else', () => {
    const beyond = [{ id: 100, parent: 0, actor: 'a', lot: 9 }, ...chain(100, HORIZON, 'a')]
    const strong = [
      { id: 200, parent: 0, actor: 'b', privileged: true, lot: 1 },
      ...chain(200, 3, 'c', 'd', 'e'),
    ]
    expect(first(...beyond, ...strong)).toBe(name(100))
    expect(first(...beyond.slice(0, -1), ...strong)).toBe(name(200))
  })

  it('the one with more actors behind it', () => {
    const two = [
      { id: 1, parent: 0, actor: 'a', lot: 9 },
      { id: 2, parent: 1, actor: 'b' },
    ]
    expect(first(...two, { id: 3, parent: 0, actor: 'c', privileged: true, lot: 1 })).toBe(name(1))
  })

  it('not the one that one actor has made longer', () => {
    const long = [{ id: 100, parent: 0, actor: 'a', lot: 9 }, ...chain(100, 3, 'a')]
    expect(first(...long, { id: 3, parent: 0, actor: 'c', lot: 1 })).toBe(name(3))
  })

  it('a privileged one, then the smallest lot, then the smallest tag', () => {
    const ordinary = { id: 1, parent: 0, lot: 1 }
    expect(first(ordinary, { id: 2, parent: 0, privileged: true, lot: 9 })).toBe(name(2))
    expect(first({ ...ordinary, lot: 3 }, { id: 2, parent: 0, lot: 2 })).toBe(name(2))
    expect(first({ id: 5, parent: 0 }, { id: 4, parent: 0 })).toBe(name(4))
  })

  it('nothing that is not published', () => {
    expect(first({ id: 1, parent: 0, lot: 1, published: false }, { id: 2, parent: 0, lot: 9 })).toBe(name(2))
  })
})

describe('the choice', () => {
  it('does not depend on the order in which commits became known', () => {
    const sketch = fc.record({
      parent: fc.nat(),
      actor: fc.constantFrom('a', 'b', 'c'),
      privileged: fc.boolean(),
      lot: fc.nat({ max: 3 }),
    })
    fc.assert(
      fc.property(fc.array(sketch, { maxLength: 25 }), fc.infiniteStream(fc.nat()), (parts, keys) => {
        const sketches = parts.map((part, i) => ({ ...part, id: i + 1, parent: part.parent % (i + 1) }))
        const nodes = treeOf(sketches)
        const shuffled = [...nodes].map((entry) => ({ entry, key: keys.next().value }))
        shuffled.sort((a, b) => a.key - b.key)
        expect(chooseTip(new Map(shuffled.map(({ entry }) => entry)), name(0))).toBe(
          chooseTip(nodes, name(0)),
        )
      }),
    )
  })
})
