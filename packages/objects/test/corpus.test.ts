/** The committed fuzz corpus, replayed: `good-*` must be accepted, every other refused with a typed error. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { target as frame } from '../fuzz/frame.js'
import { target as header } from '../fuzz/header.js'
import { accepts } from '../fuzz/support/target.js'

describe.each([frame, header])('fuzz corpus of $name', (target) => {
  const folder = new URL(`../fuzz/corpus/${target.name}/`, import.meta.url)

  it.each(readdirSync(folder))('%s', (file) => {
    const input = new Uint8Array(readFileSync(new URL(file, folder)))
    expect(accepts(target, input)).toBe(file.startsWith('good-'))
  })
})
