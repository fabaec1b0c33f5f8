/** Replays the committed fuzz corpus of stored rows, and mutations of it: hostile 33. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isHyphaeError } from '@hyphae/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { target } from '../../fuzz/sessions-rows.js'
import { makeRowsCorpus } from './corpus.js'

const folder = fileURLToPath(new URL('../../fuzz/corpus/sessions-rows/', import.meta.url))
const names = readdirSync(folder).sort()
const inputs = names.map((name) => Uint8Array.from(readFileSync(folder + name)))

/** 'ok', or the code of a typed error; anything else is thrown on. */
function outcome(input: Uint8Array): string {
  try {
    target.run(input)
    return 'ok'
  } catch (error) {
    if (isHyphaeError(error)) return error.code
    throw error
  }
}

it('ends as expected, input by input', () => {
  expect(names.length).toBeGreaterThan(20)
  for (const [i, name] of names.entries()) {
    const result = outcome(inputs[i] as Uint8Array)
    if (name.startsWith('good')) expect([name, result]).toEqual([name, 'ok'])
    else expect([name, result]).not.toEqual([name, 'ok'])
  }
})

it('fails only with typed errors under mutation', () => {
  const edits = fc.array(fc.tuple(fc.nat({ max: 3000 }), fc.nat({ max: 255 })), { maxLength: 6 })
  fc.assert(
    fc.property(fc.constantFrom(...inputs), edits, fc.nat({ max: 9 }), (input, changes, cut) => {
      const copy = Uint8Array.from(input)
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value
      outcome(cut === 0 ? copy.slice(0, -1) : copy)
    }),
    { numRuns: 300 },
  )
})

it('is the corpus that is committed', () => {
  const made = makeRowsCorpus()
  expect(Object.keys(made).filter((name) => !names.includes(name))).toEqual([])
  for (const [name, bytes] of Object.entries(made)) {
    expect([name, inputs[names.indexOf(name)]]).toEqual([name, Uint8Array.from(bytes)])
  }
})
