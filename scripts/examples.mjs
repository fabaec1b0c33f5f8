// `npm run examples [name …]`: runs every program in examples/ (the demo too); each checks itself and must exit 0.
import { main, show } from './lib/run.mjs'
import { packageNames, prepare } from './lib/workspace.mjs'

await main(async (asked) => {
  const all = await packageNames('examples')
  const unknown = asked.filter((name) => !all.includes(name))
  if (unknown.length > 0) {
    process.stderr.write(`no example called ${unknown.join(', ')}; there are: ${all.join(', ')}\n`)
    return 2
  }
  const env = await prepare(['build:js'])
  const failed = []
  for (const name of asked.length > 0 ? asked : all) {
    process.stdout.write(`\n── ${name}\n`)
    const code = await show('node', ['--import', 'tsx', `examples/${name}/src/main.ts`], { env })
    if (code !== 0) failed.push(`${name} (code ${code})`)
  }
  process.stdout.write(failed.length > 0 ? `\nfailed: ${failed.join(', ')}\n` : '\nall examples passed\n')
  return failed.length > 0 ? 1 : 0
})
