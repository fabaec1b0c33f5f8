// Writes the corpus of the fuzz target `sessions-rows`: tsx test/sessions/write-corpus.ts
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { makeRowsCorpus } from './corpus.js'

const folder = fileURLToPath(new URL('../../fuzz/corpus/sessions-rows/', import.meta.url))
mkdirSync(folder, { recursive: true })
for (const [name, bytes] of Object.entries(makeRowsCorpus())) writeFileSync(folder + name, bytes)
