// `npm run layering`: imports go down only, and no Node builtin is reachable from a portable package.
//
// The first half reads the sources (build/dependency-cruiser.cjs). The second bundles every public entry of every
// portable package for a browser, dependencies included: a builtin cannot be resolved there and fails the bundle.
import { join } from 'node:path'
import process from 'node:process'
import { moduleEntries } from './lib/exports.mjs'
import { main, ROOT, show, timed } from './lib/run.mjs'
import { manifest, packageNames, prepare } from './lib/workspace.mjs'

/** Programs and servers: the packages that are for Node alone. */
const NODE_ONLY = new Set(['cli', 'relay'])

async function portableEntries() {
  const entries = []
  for (const name of await packageNames()) {
    if (NODE_ONLY.has(name)) continue
    // What only Node is offered is not of these.
    for (const { specifier } of moduleEntries(await manifest('packages', name), 'browser'))
      entries.push({ name, specifier })
  }
  return entries
}

/** Errors of bundling one entry for a browser; empty when everything it reaches is portable. */
async function browserErrors(build, { name, specifier }) {
  const result = await build({
    stdin: {
      contents: `export * from '${specifier}'`,
      resolveDir: join(ROOT, 'packages', name),
      sourcefile: specifier,
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['browser', 'import', 'default'],
    logLevel: 'silent',
  }).catch((error) => error)
  return result.errors.map(
    ({ text, location }) => `${specifier}: ${text} (${location?.file}:${location?.line})`,
  )
}

async function bundleErrors() {
  const { build } = await import('esbuild')
  const entries = await portableEntries()
  return (await Promise.all(entries.map((entry) => browserErrors(build, entry)))).flat()
}

await main(async () => {
  const env = await prepare(['build:js'])
  const config = join('build', 'dependency-cruiser.cjs')
  const layers = await show('depcruise', ['--config', config, 'packages', 'examples'], { env })
  const errors = await timed('bundles', bundleErrors)
  if (errors.length > 0) process.stderr.write(`not portable:\n${errors.join('\n')}\n`)
  return layers === 0 && errors.length === 0 ? 0 : 1
})
