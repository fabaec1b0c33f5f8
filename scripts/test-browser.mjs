// `npm run test:browser [-- vitest arguments]`: test/browser/ in headless Chromium, against a real relay.
import { existsSync } from 'node:fs'
import { main, show } from './lib/run.mjs'
import { prepare } from './lib/workspace.mjs'

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

await main(async (args) => {
  if (!existsSync(CHROMIUM)) {
    process.stderr.write(
      `no Chromium at ${CHROMIUM}: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH\n`,
    )
    return 1
  }
  const env = await prepare(['build:js'])
  return show('vitest', ['run', '--config', 'vitest.browser.config.ts', ...args], { env })
})
