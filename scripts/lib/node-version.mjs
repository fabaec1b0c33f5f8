// The lowest Node.js that runs Hyphae. Kept apart and free of new syntax, so that an old Node.js can say so.
import { readFileSync } from 'node:fs'

/** "20.19" or a list of numbers; missing parts count as 0. */
function numbers(version) {
  return version.split('.').map(Number)
}

export function atLeast(version, floor) {
  const have = numbers(version)
  const need = numbers(floor)
  for (let i = 0; i < 3; i++) {
    const difference = (have[i] || 0) - (need[i] || 0)
    if (difference !== 0) return difference > 0
  }
  return true
}

/** Ends the process with a clear message when Node.js is older than `engines.node` of the workspace. */
export function requireNode(version = process.versions.node) {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const floor = manifest.engines.node.replace('>=', '')
  if (atLeast(version, floor)) return
  process.stderr.write(
    `Hyphae needs Node.js ${floor} or newer; this is ${version}. Install a newer one from https://nodejs.org and run this again.\n`,
  )
  process.exit(1)
}
