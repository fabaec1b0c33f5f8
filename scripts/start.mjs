// `npm start`: installs, builds and runs the demo. Needs Node.js and npm, nothing else.
import { main, show } from './lib/run.mjs'
import { prepare } from './lib/workspace.mjs'

await main(async (args) => {
  const env = await prepare(['build:js'])
  return show('node', ['--import', 'tsx', 'examples/demo/src/main.ts', ...args], { env })
})
