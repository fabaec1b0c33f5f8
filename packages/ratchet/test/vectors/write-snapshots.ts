/**
 * Writes a new file of frozen snapshots: `tsx packages/ratchet/test/vectors/write-snapshots.ts v2`, or `stores-v2`,
 * makes the file of that name in `vectors/snapshots/`. A file that exists is never written again: what it holds may
 * lie in somebody's store.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { makeSnapshots } from './snapshots.js'
import { makeStores } from './stores.js'

const name = argv[2] ?? ''
const [, stores, version] = /^(stores-)?v(\d+)$/.exec(name) ?? []
if (version === undefined) throw new Error('which file? v2, or stores-v2')
const folder = new URL('../../../../vectors/snapshots/', import.meta.url)
const about =
  'Stored states of spec/session.md and spec/signal.md as they were written once. Every later version reads each of them, or refuses it whole with a typed error that says which version it is. Bytes are hexadecimal, times milliseconds.'
const snapshots = stores === undefined ? makeSnapshots() : await makeStores()
const file = { format: 'hyphae/snapshots', version: Number(version), about, snapshots }
mkdirSync(folder, { recursive: true })
writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(file, null, 1)}\n`, { flag: 'wx' })
