/** The committed fuzz corpora, replayed: `good-*` must be accepted, every other refused with a typed error. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { target as accountId } from '../fuzz/account-id.js'
import { target as certificate } from '../fuzz/certificate.js'
import { target as handle } from '../fuzz/handle.js'
import { target as pin } from '../fuzz/pin.js'
import { target as record } from '../fuzz/record.js'
import { accepts } from '../fuzz/target.js'

describe.each([accountId, certificate, handle, pin, record])('fuzz corpus of $name', (target) => {
  const folder = new URL(`../fuzz/corpus/${target.name}/`, import.meta.url)
  const files = readdirSync(folder)

  it('is there', () => {
    expect(files.length).toBeGreaterThan(5)
  })

  it.each(files)('%s', (file) => {
    expect(accepts(target, new Uint8Array(readFileSync(new URL(file, folder))))).toBe(
      file.startsWith('good-'),
    )
  })
})
