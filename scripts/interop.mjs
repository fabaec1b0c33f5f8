// `npm run interop -- <peer> [arguments]`: runs one peer's programs side by side with ours.
// Peers live in interop/, a workspace of its own: nothing of it is installed by `npm start` or `npm test`.
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { main, quiet, ROOT, show } from './lib/run.mjs'
import { prepare } from './lib/workspace.mjs'

const INTEROP = join(ROOT, 'interop')

async function peers() {
  const files = await readdir(join(INTEROP, 'src')).catch(() => [])
  return files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -'.ts'.length))
}

await main(async ([peer, ...rest]) => {
  const known = await peers()
  if (!known.includes(peer)) {
    const list = known.length > 0 ? known.join(', ') : 'none yet'
    process.stderr.write(`usage: npm run interop -- <peer>\npeers: ${list}\n`)
    return 2
  }
  const env = await prepare(['build:js'])
  const lockfile = await access(join(INTEROP, 'pnpm-lock.yaml')).then(
    () => ['--frozen-lockfile'],
    () => [],
  )
  await quiet('pnpm', ['install', ...lockfile], { cwd: INTEROP, env })
  return show('node', ['--import', 'tsx', join('src', `${peer}.ts`), ...rest], { cwd: INTEROP, env })
})
