// What the READMEs show runs as it stands. Each example checks itself: it throws where it does not hold.
import { expect, it } from 'vitest'
import { writeReadmeModules } from '../scripts/lib/readme.mjs'
import { packages } from './lib/packages.js'

const modules = writeReadmeModules()

it.each(modules.map(({ name, file }) => [name, file] as const))('%s', async (_name, file) => {
  await import(file)
})

it.each(['hyphae', ...packages().map(({ name }) => name)])('the README of %s has lines that run', (name) => {
  expect(modules.filter((module) => module.package === name)).not.toEqual([])
})
