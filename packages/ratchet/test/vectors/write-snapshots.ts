/**
 * Writes a new file of frozen snapshots: `tsx packages/ratchet/test/vectors/write-snapshots.ts 2` makes
 * `vectors/snapshots/v2.json`. A file that exists is never written again: what it holds may lie in somebody's store.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { makeSnapshots } from './snapshots.js'

const version = Number(argv[2])
if (!Number.isInteger(version) || version < 1) throw new Error('which version?')
const folder = new URL('../../../../vectors/snapshots/', import.meta.url)
const about =
  'Stored states of spec/session.md and spec/signal.md as they were written once. Every later version reads each of them, or refuses it whole with a typed error that says which version it is. Bytes are hexadecimal, times milliseconds.'
const file = { format: 'hyphae/snapshots', version, about, snapshots: makeSnapshots() }
mkdirSync(folder, { recursive: true })
writeFileSync(new URL(`v${version}.json`, folder), `${JSON.stringify(file, null, 1)}\n`, { flag: 'wx' })
