// `npm run typecheck`: each package by itself against the declarations of those below, then everything at once
// against the sources, tests and the examples of the READMEs included.
import { writeReadmeModules } from './lib/readme.mjs'
import { main, quiet, timed } from './lib/run.mjs'
import { prepare } from './lib/workspace.mjs'

await main(async () => {
  const env = await prepare(['build:types', 'typecheck'])
  writeReadmeModules()
  await timed('typecheck', () => quiet('tsc', ['--noEmit', '-p', 'tsconfig.json'], { env }))
})
