// Makes vectors/objects/v1.json: run it with tsx only when the specification changes.
import { writeFileSync } from 'node:fs'
import { makeVectors } from './make.js'

writeFileSync(
  new URL('../../../../vectors/objects/v1.json', import.meta.url),
  `${JSON.stringify(makeVectors(), null, 2)}\n`,
)
