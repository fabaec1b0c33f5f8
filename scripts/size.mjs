// `npm run size`: what each package costs a web page, against the limits in .size-limit.mjs.
import { main, show } from './lib/run.mjs'
import { prepare } from './lib/workspace.mjs'

await main(async (args) => {
  const env = await prepare(['build:js'])
  return show('size-limit', args, { env })
})
