import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clearIdIndex,
  createIdIndex,
  findPair,
  hashPair,
  hashPairAt,
  type IdIndex,
  notePair,
} from '../../src/engine/id-index.js'

const PAIR = 48
const FIRST = 16

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length, max: 2 })
const pairs = fc.array(fc.tuple(bytes(32), bytes(16)), { minLength: 1, maxLength: 40 })

/** Lays pairs one behind the other. */
function lay(all: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  const memory = new Uint8Array(FIRST + all.length * PAIR)
  all.forEach(([box, id], i) => {
    memory.set(box, FIRST + i * PAIR)
    memory.set(id, FIRST + i * PAIR + 32)
  })
  return memory
}

function note(index: IdIndex, memory: Uint8Array, place: number): void {
  notePair(index, memory, hashPairAt(memory, place), place)
}

function find(index: IdIndex, memory: Uint8Array, box: Uint8Array, id: Uint8Array): number {
  return findPair(index, memory, hashPair(box, id), box, id)
}

describe('an index of ids', () => {
  it('finds the newest place of each pair and no other, also after it was used again', () => {
    const index = createIdIndex()
    fc.assert(
      fc.property(pairs, pairs, (noted, asked) => {
        clearIdIndex(index)
        const memory = lay(noted)
        const newest = new Map<string, number>()
        noted.forEach((pair, i) => {
          note(index, memory, FIRST + i * PAIR)
          newest.set(pair.join(), FIRST + i * PAIR)
        })
        expect(index.count).toBe(newest.size)
        for (const pair of [...noted, ...asked])
          expect(find(index, memory, ...pair)).toBe(newest.get(pair.join()) ?? 0)
      }),
    )
  })

  it('holds many thousands', () => {
    const all = Array.from({ length: 5_000 }, (_, i) => {
      const id = Buffer.alloc(16)
      id.writeUInt32LE(i, 8)
      return [new Uint8Array(32), new Uint8Array(id)] as const
    })
    const memory = lay(all)
    const index = createIdIndex()
    all.forEach((_, i) => {
      note(index, memory, FIRST + i * PAIR)
    })
    all.forEach(([box, id], i) => {
      expect(find(index, memory, box, id)).toBe(FIRST + i * PAIR)
    })
    expect(find(index, memory, new Uint8Array(32).fill(1), new Uint8Array(16))).toBe(0)
  })
})
