import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { target as replies } from '../fuzz/replies.js'
import { target as requests } from '../fuzz/requests.js'

describe.each([
  ['requests', requests],
  ['replies', replies],
] as const)('the fuzz corpus of %s', (name, target) => {
  const folder = new URL(`../fuzz/corpus/${name}/`, import.meta.url)
  const files = readdirSync(folder)

  it('hostile 1: replays, cut and whole', () => {
    expect(files.length).toBeGreaterThan(15)
    for (const file of files) {
      const input = new Uint8Array(readFileSync(new URL(file, folder)))
      for (let end = 0; end <= input.length; end++) target.run(input.slice(0, end))
    }
  })
})
