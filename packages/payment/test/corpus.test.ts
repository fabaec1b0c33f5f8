import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { target } from '../fuzz/formats.js'

describe('the fuzz corpus of formats', () => {
  const folder = new URL('../fuzz/corpus/formats/', import.meta.url)
  const files = readdirSync(folder)

  it('hostile 1: replays, cut and whole', () => {
    expect(files.length).toBeGreaterThan(6)
    for (const file of files) {
      const input = new Uint8Array(readFileSync(new URL(file, folder)))
      for (let end = 0; end <= input.length; end++) target.run(input.slice(0, end))
    }
  })
})
