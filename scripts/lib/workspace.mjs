// Bootstraps the workspace with nothing but Node.js and npm: the pinned pnpm, the packages, the build.
import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import process from 'node:process'
import { requireNode } from './node-version.mjs'
import { quiet, ROOT, timed } from './run.mjs'

/** `pnpm@<version>`, as the `packageManager` field pins it. */
export function pinnedPnpm() {
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return packageManager.split('+')[0]
}

/**
 * An environment in which `pnpm` and the workspace's own tools are found by name. npx keeps its own copy of
 * the pinned pnpm; no global install is needed or touched.
 */
async function toolEnvironment() {
  const where = process.platform === 'win32' ? 'where pnpm' : 'command -v pnpm'
  const found = await quiet('npx', ['--yes', `--package=${pinnedPnpm()}`, '-c', where])
  const pnpm = found.trim().split(/\r?\n/)[0]
  return {
    ...process.env,
    PATH: [join(ROOT, 'node_modules', '.bin'), dirname(pnpm), process.env.PATH].join(delimiter),
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    DO_NOT_TRACK: '1',
    // Programs run by tsx use the built packages, as a user's would, and not the source paths that editors use.
    TSX_TSCONFIG_PATH: join(ROOT, 'tsconfig.base.json'),
  }
}

/** An install that has to replace a folder must not stop to ask: nobody sees the question. */
const INSTALL = ['install', '--frozen-lockfile', '--prefer-offline', '--config.confirmModulesPurge=false']
const TURBO = ['--output-logs=errors-only', '--log-prefix=task']

/**
 * Installs what the lockfile says, then runs the given turbo tasks.
 * Resolves to the environment that later programs of the workspace run in.
 */
export async function prepare(tasks) {
  requireNode()
  const env = await toolEnvironment()
  await timed('install', () => quiet('pnpm', INSTALL, { env }))
  if (tasks.length > 0) await timed('build', () => quiet('turbo', ['run', ...tasks, ...TURBO], { env }))
  return env
}

/** Names of the folders in `packages/` or `examples/` that hold a package. */
export async function packageNames(folder = 'packages') {
  const entries = await readdir(join(ROOT, folder), { withFileTypes: true }).catch(() => [])
  const names = []
  for (const entry of entries) {
    if (entry.isDirectory() && (await manifest(folder, entry.name)) !== null) names.push(entry.name)
  }
  return names.sort()
}

/** The parsed package.json of a package, or null where there is none. */
export async function manifest(folder, name) {
  try {
    return JSON.parse(await readFile(join(ROOT, folder, name, 'package.json'), 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}
