import { defineConfig } from 'vitest/config'

// A package runs alone with its own configuration; from here all of them run, and the tests of the whole.
export default defineConfig({
  // By default one processor would be left idle: on two, that is half of them.
  test: { projects: ['packages/*', 'test'], maxWorkers: '100%' },
})
