// Running programs: quiet while they succeed, everything they said when they fail.
import { spawn } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** The folder of the workspace. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A program that ended with another code than 0; what it said has been printed already. */
export class CommandFailed extends Error {
  constructor(command, code) {
    super(`${command} ended with code ${code}`)
    this.name = 'CommandFailed'
    this.exitCode = typeof code === 'number' && code !== 0 ? code : 1
  }
}

function start(command, args, { cwd = ROOT, env = process.env, stdio }) {
  // On Windows npx and pnpm are .cmd files, which only a shell can start.
  const shell = process.platform === 'win32'
  return spawn(command, args, { cwd, env, stdio, shell })
}

function ended(child, command) {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Error(`cannot start ${command}: ${cause.message}`)))
    child.once('close', (code, signal) => resolve(code ?? signal))
  })
}

/** Runs with this terminal; resolves to the exit code (1 when a signal ended it). */
export async function show(command, args, options = {}) {
  const code = await ended(start(command, args, { ...options, stdio: 'inherit' }), command)
  return typeof code === 'number' ? code : 1
}

/** Runs unseen and resolves to standard output; on failure prints both streams and throws CommandFailed. */
export async function quiet(command, args, options = {}) {
  const child = start(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const all = []
  const out = []
  child.stdout.on('data', (data) => {
    all.push(data)
    out.push(data)
  })
  child.stderr.on('data', (data) => all.push(data))
  const code = await ended(child, command)
  if (code !== 0) {
    process.stderr.write(Buffer.concat(all))
    throw new CommandFailed([command, ...args].join(' '), code)
  }
  return Buffer.concat(out).toString('utf8')
}

/** Runs `work`, then says on standard error how long it took; on a terminal also that it has begun. */
export async function timed(title, work) {
  const begun = performance.now()
  const live = process.stderr.isTTY
  if (live) process.stderr.write(`  ${title} …`)
  let done = false
  try {
    const result = await work()
    done = true
    return result
  } finally {
    const took = `${((performance.now() - begun) / 1000).toFixed(1)} s`
    if (done) process.stderr.write(`${live ? '\r' : ''}  ${title} ${took}\n`)
    else if (live) process.stderr.write('\n')
  }
}

/** Runs a script's main function; its result is the exit code. */
export async function main(work) {
  try {
    process.exitCode = (await work(process.argv.slice(2))) ?? 0
  } catch (error) {
    process.stderr.write(`${error instanceof CommandFailed ? error.message : (error?.stack ?? error)}\n`)
    process.exitCode = error instanceof CommandFailed ? error.exitCode : 1
  }
}
