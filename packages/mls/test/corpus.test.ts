// The committed fuzz corpus, replayed: `good-*` must be accepted, every other refused with a typed error.
import { readdirSync, readFileSync } from 'node:fs'
import { HyphaeError } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { target as envelope } from '../fuzz/envelope.js'
import { target as externalCommit } from '../fuzz/external-commit.js'
import { target as groupInfo } from '../fuzz/group-info.js'
import { target as insider } from '../fuzz/insider.js'
import { target as keyPackage } from '../fuzz/key-package.js'
import { target as lite } from '../fuzz/lite.js'
import { target as log } from '../fuzz/log.js'
import { target as message } from '../fuzz/message.js'
import { target as pool } from '../fuzz/pool.js'
import { target as snapshot } from '../fuzz/snapshot.js'
import { target as welcome } from '../fuzz/welcome.js'

describe.each([
  message,
  keyPackage,
  welcome,
  snapshot,
  insider,
  groupInfo,
  externalCommit,
  lite,
  pool,
  envelope,
  log,
])('fuzz corpus of $name', (target) => {
  const folder = new URL(`../fuzz/corpus/${target.name}/`, import.meta.url)
  const files = readdirSync(folder)

  it('is there', () => {
    expect(files.length).toBeGreaterThan(2)
  })

  it.each(files)('%s', async (file) => {
    const input = new Uint8Array(readFileSync(new URL(file, folder)))
    const error = await target.run(input).then(
      () => null,
      (reason: unknown) => reason,
    )
    if (error !== null && !(error instanceof HyphaeError)) throw error
    expect(error === null, String(error)).toBe(file.startsWith('good-'))
  })
})
