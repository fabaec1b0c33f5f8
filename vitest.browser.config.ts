// `npm run test:browser`: the same sources in a real browser, resolved as a browser resolves them.
import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { sourceAliases } from './build/vitest.ts'

/** Debian's; CI and most machines cannot download the one that Playwright would bring. */
const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { alias: sourceAliases('browser') },
  // Everything is found before the first test: a dependency discovered later would reload the page under it.
  optimizeDeps: {
    // The server and the command are for Node alone.
    entries: ['packages/!(cli|relay)/src/{index,level.browser}.ts', 'test/browser/*.test.ts'],
    esbuildOptions: { target: 'es2022' },
  },
  test: {
    name: 'browser',
    include: ['test/browser/*.test.ts'],
    globalSetup: ['test/browser/setup/relay.ts', 'test/browser/setup/libp2p.ts'],
    testTimeout: 60_000,
    fileParallelism: false,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { executablePath: CHROMIUM, args: FLAGS } }),
      instances: [{ browser: 'chromium' }],
    },
  },
})
