/** The committed fuzz corpus, replayed: `good-*` must be accepted, every other refused with a typed error. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { target as directory } from '../fuzz/directory.js'
import { target as fields } from '../fuzz/fields.js'
import { target as frames } from '../fuzz/frames.js'
import { target as layout } from '../fuzz/layout.js'
import { target as records } from '../fuzz/records.js'
import { target as stream } from '../fuzz/stream.js'
import { accepts } from '../fuzz/support/target.js'
import { target as tree } from '../fuzz/tree.js'

describe.each([directory, fields, frames, layout, records, stream, tree])(
  'fuzz corpus of $name',
  (target) => {
    const folder = new URL(`../fuzz/corpus/${target.name}/`, import.meta.url)

    it.each(readdirSync(folder))('%s', (file) => {
      const input = new Uint8Array(readFileSync(new URL(file, folder)))
      expect(accepts(target, input)).toBe(file.startsWith('good-'))
    })
  },
)
