// `npm run soak -- <area> [arguments]`: runs packages/<area>/soak/*.ts, long runs that no test has time for.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { main, ROOT, show } from './lib/run.mjs'
import { packageNames, prepare } from './lib/workspace.mjs'

async function soakFiles(area) {
  const files = await readdir(join(ROOT, 'packages', area, 'soak')).catch(() => [])
  return files.filter((file) => file.endsWith('.ts')).map((file) => join('packages', area, 'soak', file))
}

await main(async ([area, ...rest]) => {
  const areas = new Map()
  for (const name of await packageNames()) {
    const files = await soakFiles(name)
    if (files.length > 0) areas.set(name, files)
  }
  if (!areas.has(area)) {
    const list = areas.size > 0 ? [...areas.keys()].join(', ') : 'none yet'
    process.stderr.write(`usage: npm run soak -- <area>\nareas: ${list}\n`)
    return 2
  }
  const env = await prepare(['build:js'])
  for (const file of areas.get(area)) {
    const code = await show('node', ['--import', 'tsx', file, ...rest], { env })
    if (code !== 0) return code
  }
  return 0
})
