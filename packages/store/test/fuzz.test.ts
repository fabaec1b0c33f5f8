/** The committed corpus, and mutations of it, through the fuzz target: nothing but HyphaeErrors comes out. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isHyphaeError } from '@hyphae/core'
import { unsafeSeededRandom } from '@hyphae/testkit'
import { expect, test } from 'vitest'
import { target } from '../fuzz/record.js'

const MUTATIONS = 400
const folder = fileURLToPath(new URL('../fuzz/corpus/record/', import.meta.url))
const corpus = readdirSync(folder).map((name) => ({
  name,
  bytes: new Uint8Array(readFileSync(folder + name)),
}))

/** `ok`, or the code of the HyphaeError; anything else is thrown on. */
function outcome(bytes: Uint8Array): string {
  try {
    target.run(bytes)
    return 'ok'
  } catch (error) {
    if (!isHyphaeError(error)) throw error
    return error.code
  }
}

test('each corpus file has its outcome', () => {
  const outcomes = Object.fromEntries(corpus.map(({ name, bytes }) => [name, outcome(bytes)]))
  const fine = Object.keys(outcomes).filter((name) => outcomes[name] === 'ok')
  expect(fine.sort()).toEqual([
    'header-key.bin',
    'header-passphrase.bin',
    'header-plaintext.bin',
    'tuple-empty-parts.bin',
    'tuple-mixed.bin',
  ])
  expect(corpus.length).toBe(16)
  for (const name of Object.keys(outcomes))
    if (outcomes[name] !== 'ok') expect(outcomes[name]).toBe('store/corrupt')
})

test('hostile 1: mutations of the corpus throw HyphaeErrors only', () => {
  const random = unsafeSeededRandom(1)
  for (const { bytes } of corpus)
    for (let round = 0; round < MUTATIONS; round++) {
      const mutated = bytes.slice(0, random.chance(0.3) ? random.integer(bytes.length + 1) : bytes.length)
      for (let flips = random.integer(4); flips > 0 && mutated.length > 1; flips--)
        mutated[1 + random.integer(mutated.length - 1)] = random.integer(256)
      outcome(mutated)
    }
})
