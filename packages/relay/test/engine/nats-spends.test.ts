import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import type { Documents } from '../../src/engine/nats/documents.js'
import { subjectsOf } from '../../src/engine/nats/names.js'
import { useUp } from '../../src/engine/nats/spends.js'
import { random } from '../support/engine.js'

/** Documents of one relay, in memory. */
function documentsOf(held: Map<string, Uint8Array>): Documents {
  return {
    get: async (subject) => held.get(subject),
    change: async (subject, decide) => {
      const { next, result } = decide(held.get(subject))
      if (next !== undefined) held.set(subject, next)
      return result
    },
  }
}

const DAY = 86_400_000
const names = subjectsOf('test')

describe('a use in the NATS engine', () => {
  it('hostile 38: belongs to one put, also where another has the same first eight bytes of its hash', async () => {
    const documents = documentsOf(new Map())
    const start = random(8)
    const alike = { sha256: (data: Uint8Array) => Buffer.concat([start, crypto.sha256(data).subarray(8)]) }
    const spend = { name: random(32), most: 1, until: DAY }
    const [box, id] = [random(32), random(16)]
    expect(await useUp(documents, names, alike, spend, box, id)).toBe(true)
    expect(await useUp(documents, names, alike, spend, box, id)).toBe(true)
    expect(await useUp(documents, names, alike, spend, box, random(16))).toBe(false)
  })

  it('is found behind those an older relay has named in eight bytes, and all are counted', async () => {
    const name = random(32)
    const older = Buffer.concat([new Uint8Array(8), random(3 * 8)])
    older.writeBigUInt64LE(3n, 0)
    const documents = documentsOf(new Map([[names.spentUntil(1, name), older]]))
    const spend = { name, most: 5, until: DAY }
    const box = random(32)
    const ids = [random(16), random(16), random(16)]
    const used = async () => {
      const all: boolean[] = []
      for (const id of ids) all.push(await useUp(documents, names, crypto, spend, box, id))
      return all
    }
    expect(await used()).toEqual([true, true, false])
    expect(await used()).toEqual([true, true, false])
  })
})
