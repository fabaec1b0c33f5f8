/** The committed fuzz corpus, replayed: `good-*` must be accepted, every other refused with a typed error. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { accepts } from '../fuzz/support/target.js'
import { target } from '../fuzz/values.js'

describe(`fuzz corpus of ${target.name}`, () => {
  const folder = new URL(`../fuzz/corpus/${target.name}/`, import.meta.url)

  it.each(readdirSync(folder))('%s', (file) => {
    const input = new Uint8Array(readFileSync(new URL(file, folder)))
    expect(accepts(target, input)).toBe(file.startsWith('good-'))
  })
})
