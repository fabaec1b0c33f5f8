// `npm run docs`: the API of every package as pages, in docs/api/.
import { main, quiet } from './lib/run.mjs'
import { prepare } from './lib/workspace.mjs'

await main(async (args) => {
  const env = await prepare([])
  await quiet('typedoc', args, { env })
  process.stdout.write('docs/api/index.html\n')
  return 0
})
