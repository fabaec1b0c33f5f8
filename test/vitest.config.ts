import { defineProject } from 'vitest/config'
import { sourceAliases } from '../build/vitest.ts'

// Tests of the workspace as a whole. Those for browsers have their own configuration, vitest.browser.config.ts.
export default defineProject({
  resolve: { alias: sourceAliases('node') },
  server: { watch: null },
  test: {
    name: 'workspace',
    include: ['*.test.ts'],
    environment: 'node',
    testTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
  },
})
