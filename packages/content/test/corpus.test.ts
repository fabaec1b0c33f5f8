/** The committed fuzz corpus, replayed: `good-*` must be accepted, every other refused with a typed error. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { accepts, target } from '../fuzz/message.js'

const folder = new URL(`../fuzz/corpus/${target.name}/`, import.meta.url)

describe('fuzz corpus', () => {
  const files = readdirSync(folder)

  it('is there', () => {
    expect(files.length).toBeGreaterThan(20)
  })

  it.each(files)('%s', (file) => {
    expect(accepts(target, new Uint8Array(readFileSync(new URL(file, folder))))).toBe(
      file.startsWith('good-'),
    )
  })
})
