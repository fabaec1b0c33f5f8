import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { target as backup } from '../fuzz/backup.js'
import { target as signature } from '../fuzz/signature.js'

describe.each([
  ['backup', backup],
  ['signature', signature],
] as const)('the fuzz corpus of %s', (name, target) => {
  const folder = new URL(`../fuzz/corpus/${name}/`, import.meta.url)
  const files = readdirSync(folder)

  it('hostile 1: replays, cut and whole', async () => {
    expect(files.length).toBeGreaterThan(2)
    for (const file of files) {
      const input = new Uint8Array(readFileSync(new URL(file, folder)))
      for (let end = 0; end <= input.length; end++) await target.run(input.slice(0, end))
    }
  })
})
