/**
 * One run of the command: from arguments to an exit code. spec/cli.md.
 *
 * Exit codes: 0 done, 1 failed, 2 the command line is wrong.
 */
import { readFile } from 'node:fs/promises'
import { isHyphaeError } from '@hyphae/core'
import { type Arguments, COMMON, findCommand, readArguments } from './arguments.js'
import type { Command } from './command.js'
import { CliError, HINTS, UsageError } from './errors.js'
import { codeOf, homeFolder } from './home.js'
import { type CliIo, type WholeIo, wholeIo } from './io.js'
import { isDebugging } from './log.js'
import { createPrinter, printable } from './output.js'

interface Entry {
  readonly summary: string
  /** Loaded when it is used: the help does not wait for cryptography. */
  load(): Promise<Command>
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  init: {
    summary: 'make a home with a new account',
    load: async () => (await import('./commands/init.js')).init,
  },
  whoami: {
    summary: 'show the account of this home',
    load: async () => (await import('./commands/whoami.js')).whoami,
  },
  send: {
    summary: 'send a text or a file',
    load: async () => (await import('./commands/send.js')).send,
  },
  listen: {
    summary: 'print messages as they come',
    load: async () => (await import('./commands/listen.js')).listen,
  },
  group: {
    summary: 'create groups, change them, send to them',
    load: async () => (await import('./commands/group.js')).group,
  },
  relay: {
    summary: 'run a relay',
    load: async () => (await import('./commands/relay.js')).relayCommand,
  },
}

const COMMON_HELP = `  --home DIR  home folder (default: $HYPHAE_HOME, else ~/.hyphae)
  --json      print results as one JSON object a line
  -h, --help, --version`

function mainHelp(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  return `hyphae: encrypted messages from the command line

${rows.join('\n')}

${COMMON_HELP}

Begin with:
  hyphae relay                             in a terminal of its own
  hyphae init --relay ws://127.0.0.1:7700  prints your account id
  hyphae send ACCOUNT hello
More on one: hyphae COMMAND --help
`
}

function commandHelp(command: Command): string {
  return `${command.usage.join('\n')}\n\n${command.help}\n\n${COMMON_HELP}\n`
}

/** Runs `hyphae` with these arguments; resolves to its exit code and never rejects. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const whole = wholeIo(io)
  const { name, rest } = findCommand(args)
  try {
    await dispatch(name, rest, whole)
    return 0
  } catch (error) {
    return report(error, name, rest, whole).catch(() => 1)
  }
}

async function dispatch(name: string | undefined, rest: readonly string[], io: WholeIo): Promise<void> {
  const entry = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry === undefined) return withoutCommand(name, rest, io)
  const command = await entry.load()
  const args = readArguments(rest, command.options)
  if (args.flag('help')) return void (await io.stdout.write(commandHelp(command)))
  if (args.flag('version')) return void (await io.stdout.write(`${await version()}\n`))
  const print = createPrinter(io, args.flag('json'))
  await command.run({ args, io, print, home: homeFolder(args.text('home'), io.env) })
}

async function withoutCommand(name: string | undefined, rest: readonly string[], io: WholeIo): Promise<void> {
  if (name !== undefined)
    throw new UsageError(`There is no command "${name}". There are ${Object.keys(COMMANDS).join(', ')}.`)
  const args: Arguments = readArguments(rest, COMMON)
  if (args.flag('version')) await io.stdout.write(`${await version()}\n`)
  else if (args.flag('help')) await io.stdout.write(mainHelp())
  else throw new UsageError('')
}

async function version(): Promise<string> {
  // The same place seen from the sources and from the build.
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}

/** Tells what went wrong and what to do. Returns the exit code. */
async function report(
  error: unknown,
  name: string | undefined,
  rest: readonly string[],
  io: WholeIo,
): Promise<number> {
  // Whoever read the results has gone, as `head` does: nobody is left to tell.
  if (codeOf(error) === 'EPIPE') return 0
  if (error instanceof UsageError) {
    await io.stderr.write(error.message === '' ? mainHelp() : await explain(error, name, rest))
    return 2
  }
  const interrupted = io.signal.aborted && !isHyphaeError(error, 'cli/interrupted')
  await io.stderr.write(describe(interrupted ? new CliError('cli/interrupted', { cause: error }) : error))
  if (isDebugging(io.env)) await io.stderr.write(stackOf(error))
  return 1
}

/** The mistake, and the usage of the form that was meant. */
async function explain(error: UsageError, name = '', rest: readonly string[]): Promise<string> {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  const said = entry === undefined ? 'hyphae' : `hyphae ${name}`
  const usage = (await entry?.load())?.usage ?? []
  const meant = usage.filter((line) => rest.some((word) => line.startsWith(`${said} ${word} `)))
  const shown = meant.length > 0 ? meant : usage
  const lines = [`${said}: ${printable(error.message)}`, ...shown.map((line) => `  ${line}`)]
  return `${lines.join('\n')}\n  ${said} --help says more.\n`
}

function describe(error: unknown): string {
  if (!isHyphaeError(error)) {
    const message = error instanceof Error ? error.message : String(error)
    return `hyphae: ${printable(message)}\n  This was not expected. HYPHAE_DEBUG=1 shows where it happened.\n`
  }
  const details = Object.entries(error.details).map(([key, value]) => `${key}: ${value}`)
  const listed = details.length > 0 ? ` (${details.join(', ')})` : ''
  const hint = HINTS[error.code] ?? error.hint
  return printable(`hyphae: ${error.shortMessage}${listed} [${error.code}]\n  ${hint}\n`)
}

function stackOf(error: unknown): string {
  const lines: string[] = []
  for (let at = error; at instanceof Error; at = at.cause) lines.push(at.stack ?? at.message)
  return `${lines.join('\ncaused by: ')}\n`
}
