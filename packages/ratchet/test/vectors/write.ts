/** Writes the frozen vectors and the fuzz corpus: `tsx packages/ratchet/test/vectors/write.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { makeCorpus } from './corpus.js'
import { makePqVectors, makeVectors } from './script.js'
import { makeSignalCorpus } from './signal-corpus.js'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

mkdirSync(path('../../../../vectors/session'), { recursive: true })
const about =
  'Sessions of spec/session.md. Run each step in order with the random bytes given; every output must be equal. Bytes are hexadecimal, times milliseconds.'
for (const [version, vectors] of [
  [1, makeVectors()],
  [2, makePqVectors()],
] as const) {
  const file = { format: 'hyphae/session', version, about, vectors }
  writeFileSync(path(`../../../../vectors/session/v${version}.json`), `${JSON.stringify(file, null, 1)}\n`)
}

for (const [target, inputs] of Object.entries({ ...makeCorpus(), ...makeSignalCorpus() })) {
  const folder = path(`../../fuzz/corpus/${target}/`)
  mkdirSync(folder, { recursive: true })
  for (const [name, bytes] of Object.entries(inputs)) writeFileSync(folder + name, bytes)
}
