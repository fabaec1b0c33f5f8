/** The `hyphae-relay` program: hands the process to the relay command. Exit codes: 0 done, 1 failed, 2 misused. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { isHyphaeError, systemClock } from '@hyphae/core'
import { RELAY_FORMS, RELAY_HELP, RELAY_OPTIONS, runRelayCommand } from './operate/command.js'
import type { Flags } from './operate/config.js'

/** What a shell gives a program that Ctrl-C ended. */
const INTERRUPTED = 130
const FAILED = 1
const MISUSED = 2

const OWN = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const

function usage(before = ''): string {
  return RELAY_FORMS.map((form) => `${before}hyphae-relay ${form}`).join('\n')
}

const OWN_HELP = `  --json      results as JSON, one object a line
  --version   show the version, and end
  -h, --help  show this, and end`

/** What is wrong with the call, and how it is written. */
function misuse(reason: string): string {
  return `hyphae-relay: ${reason}\n${usage('  ')}\n  hyphae-relay --help says more.\n`
}

/** Fires at the first SIGINT or SIGTERM; the second ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(INTERRUPTED)
    stop.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return stop.signal
}

function onHangup(listener: () => void): () => void {
  process.on('SIGHUP', listener)
  return () => process.off('SIGHUP', listener)
}

function describe(error: unknown): string {
  if (!isHyphaeError(error))
    return `hyphae-relay: ${error instanceof Error ? error.message : String(error)}\n`
  const { setting, reason } = error.details
  if (isHyphaeError(error, 'relay/bad-setting') && setting !== undefined && reason !== undefined)
    return setting === '--'
      ? misuse(`${reason}.`)
      : `hyphae-relay: ${setting}: ${reason}. [${error.code}]\n  hyphae-relay --help says more.\n`
  const details = Object.entries(error.details).map(([name, value]) => `${name}: ${value}`)
  const listed = details.length > 0 ? ` (${details.join(', ')})` : ''
  return `hyphae-relay: ${error.shortMessage}${listed} [${error.code}]\n  ${error.hint}\n`
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

async function main(args: string[]): Promise<number> {
  let parsed: ReturnType<typeof parseArgs>
  try {
    parsed = parseArgs({ args, options: { ...RELAY_OPTIONS, ...OWN }, strict: true, allowPositionals: true })
  } catch (error) {
    // What follows the first sentence is about arguments that begin with a dash: there are none.
    process.stderr.write(misuse((error as Error).message.split('. ', 1)[0]?.replace(/\.?$/, '.') ?? ''))
    return MISUSED
  }
  const { values, positionals } = parsed
  if (values.help === true) return say(`${usage()}\n\n${RELAY_HELP}\n\nAnd for each of them:\n${OWN_HELP}\n`)
  if (values.version === true) return say(`${version()}\n`)
  const flags: Flags = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, [value ?? []].flat().map(String)]),
  )
  await runRelayCommand({
    words: positionals,
    flags,
    env: process.env,
    data: join(process.env.HYPHAE_HOME || join(homedir(), '.hyphae'), 'relay'),
    clock: systemClock,
    signal: stopSignal(),
    onReload: onHangup,
    result: async (object, text) =>
      void process.stdout.write(values.json === true ? `${JSON.stringify(object)}\n` : `${text}\n`),
    note: async (text) => void process.stderr.write(`${text}\n`),
    log: (line) => process.stderr.write(line),
  })
  return 0
}

const code = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(describe(error))
  if (isHyphaeError(error, 'relay/interrupted')) return INTERRUPTED
  const misused = isHyphaeError(error, 'relay/bad-setting') && String(error.details.setting).startsWith('--')
  return misused ? MISUSED : FAILED
})
process.exit(code)
