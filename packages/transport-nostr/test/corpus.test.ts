/** The committed fuzz corpus, replayed: `good-*` must be accepted, every other refused with a typed error. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { target as event } from '../fuzz/event.js'
import { target as payload } from '../fuzz/payload.js'
import { target as rumor } from '../fuzz/rumor.js'
import { accepts } from '../fuzz/support/target.js'

describe.each([event, payload, rumor])('fuzz corpus of $name', (target) => {
  const folder = new URL(`../fuzz/corpus/${target.name}/`, import.meta.url)

  it.each(readdirSync(folder))('%s', (file) => {
    const input = new Uint8Array(readFileSync(new URL(file, folder)))
    expect(accepts(target, input)).toBe(file.startsWith('good-'))
  })
})
