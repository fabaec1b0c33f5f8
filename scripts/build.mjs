// `npm run build`: the code and the declarations of every package.
import { main } from './lib/run.mjs'
import { prepare } from './lib/workspace.mjs'

await main(async () => {
  await prepare(['build:js', 'build:types'])
  return 0
})
