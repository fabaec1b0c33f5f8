// `npm run fuzz [-- target …] [--seconds 10] [--seed N]`: mutation fuzzing of every packages/*/fuzz/*.ts.
//
// A target is a module that exports `target: { name, run(input): void | Promise<void> }`. It gives the bytes to
// a decoder; a HyphaeError is the right answer to bad bytes, anything else thrown is a finding.
import process from 'node:process'
import { main, show } from './lib/run.mjs'
import { prepare } from './lib/workspace.mjs'

await main(async (args) => {
  const env = await prepare(['build:js'])
  return show(process.execPath, ['--import', 'tsx', 'scripts/lib/fuzz-targets.mjs', ...args], { env })
})
