import { defineConfig } from 'vitest/config'

// A package runs alone with its own configuration; from here all of them run, and the tests of the whole.
export default defineConfig({
  test: { projects: ['packages/*', 'test'] },
})
