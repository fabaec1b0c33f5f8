/**
 * The relay program without a process: `serve`, `backup`, `restore`, `compact`, and its help.
 *
 * One implementation behind `hyphae-relay` and `hyphae relay`.
 */
import type { Clock } from '@hyphae/core'
import { RelayError } from '../errors.js'
import { DEFAULT_LIMITS } from '../limits.js'
import { askRunning } from './admin.js'
import { backupOf, restoreBackup, saveBackup, withClosedStore } from './backup.js'
import {
  type Environment,
  type Flags,
  flagOf,
  printedConfig,
  type RelayConfig,
  readConfig,
  variableOf,
} from './config.js'
import { collectSeldom } from './heap.js'
import { jsonLogger } from './log.js'
import { type ServeContext, serve } from './serve.js'
import { SETTINGS } from './settings.js'

export interface RelayCall {
  /** What stands before the options, without the program's name. */
  readonly words: readonly string[]
  readonly flags: Flags
  readonly env: Environment
  /** Data folder where none is set. */
  readonly data: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onReload?: ServeContext['onReload']
  /** A result: the object for programs, the text for people. */
  result(object: Readonly<Record<string, unknown>>, text: string): Promise<void>
  /** One sentence for people. */
  note(text: string): Promise<void>
  /** One line of the log. */
  log(line: string): unknown
}

/** For `util.parseArgs`: everything is a text or a list of texts but the two switches. Secrets too, to be refused. */
export const RELAY_OPTIONS: Readonly<Record<string, { type: 'string' | 'boolean'; multiple?: boolean }>> = {
  config: { type: 'string' },
  ...Object.fromEntries(
    SETTINGS.map((setting) => [
      flagOf(setting),
      { type: 'string', ...(setting.kind === 'list' && { multiple: true }) } as const,
    ]),
  ),
  limit: { type: 'string', multiple: true },
  'check-config': { type: 'boolean' },
  'print-config': { type: 'boolean' },
}

function help(): string {
  const rows = SETTINGS.filter(({ secret }) => secret !== 'value').map((setting): [string, string] => [
    `--${flagOf(setting)} ${setting.value}`,
    setting.help,
  ])
  rows.push(
    ['--limit NAME=NUMBER', 'one of the limits below; repeat for several'],
    ['--config FILE', 'settings as JSON; HYPHAE_RELAY_* go over it, arguments over both'],
    ['--check-config', 'say whether the settings are good, and end'],
    ['--print-config', 'show the settings without secrets, and end'],
  )
  return table(rows)
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join('\n')
}

/** Others see the arguments of a program, so these have none. */
function secrets(): string {
  return table(
    SETTINGS.filter(({ secret }) => secret === 'value').map(({ name, help }) => [variableOf(name), help]),
  )
}

const HELP_COLUMNS = 98

function limits(): string {
  const lines: string[] = ['']
  for (const [name, value] of Object.entries(DEFAULT_LIMITS)) {
    const limit = `${name}=${value}`
    const line = lines.at(-1) ?? ''
    if (line.length + 1 + limit.length > HELP_COLUMNS) lines.push(` ${limit}`)
    else lines[lines.length - 1] = `${line} ${limit}`
  }
  return lines.map((line) => ` ${line}`).join('\n')
}

export const RELAY_HELP: string = `Keeps mail, keys and file parts for others, all of it sealed. Runs until Ctrl-C; prints its URL.
backup saves what it keeps to a new file, also while it runs; restore makes a new data folder of it.
credit and balance change and show an account of the relay that runs on the folder; a key is the
payer's, in hexadecimal.

${help()}

In the environment or the file only:
${secrets()}

Limits and their defaults; those that end in Ms are milliseconds:
${limits()}`

/** Forms of the command, behind the program's name. */
export const RELAY_FORMS: readonly string[] = [
  '[OPTIONS]',
  'backup FILE',
  'restore FILE',
  'compact',
  'credit KEY AMOUNT',
  'balance KEY',
]

/** The call is not one of the forms. */
function misused(reason: string): RelayError {
  return new RelayError('relay/bad-setting', { details: { setting: '--', reason } })
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1'])

/** What clients are told: with TLS the name stands in the certificate, and proofs are made for it. */
function urlFor(listening: string, { names, tlsCert }: RelayConfig): string {
  const [name] = names
  if (name === undefined || tlsCert === undefined) return listening
  const url = new URL(listening)
  url.hostname = name
  return url.href.replace(/\/$/, '')
}

async function noteReach(call: RelayCall, { host, names, tlsCert }: RelayConfig): Promise<void> {
  if (names.length === 0 && !LOOPBACK.has(host))
    await call.note('Give it --name HOST, so that nobody can pass proofs made for another relay to it.')
  if (names.length > 0 && tlsCert === undefined && !names.every((name) => LOOPBACK.has(name)))
    await call.note(`Clients reach it as ${names.join(', ')}, through what has the certificate.`)
}

async function run(call: RelayCall, config: RelayConfig): Promise<void> {
  const { clock, signal, onReload } = call
  const logger = jsonLogger(config.logLevel, clock, call.log)
  const context = { clock, logger, signal, ...(onReload !== undefined && { onReload }) }
  collectSeldom()
  const wasReady = await serve(config, context, async ({ url: listening, adminUrl }) => {
    const { data } = config
    const url = urlFor(listening, config)
    await call.result({ type: 'relay', url, data, ...(adminUrl !== undefined && { admin: adminUrl }) }, url)
    await call.note(`Keeps its data in ${data}. Ctrl-C ends it.`)
    if (adminUrl !== undefined) await call.note(`Metrics at ${adminUrl}/metrics.`)
    await noteReach(call, config)
  })
  await call.note(wasReady ? 'Stopped; everything acknowledged is kept.' : 'Stopped before it was ready.')
}

function needEmbedded({ engine }: RelayConfig): void {
  if (engine !== 'embedded') throw new RelayError('relay/no-upkeep', { details: { engine } })
}

async function backup(call: RelayCall, config: RelayConfig, path: string): Promise<void> {
  needEmbedded(config)
  const running = await askRunning(config.data, 'GET', 'backup')
  const { entries, bytes } =
    running === undefined
      ? await withClosedStore(config.data, (upkeep) => saveBackup(path, backupOf(upkeep), call.signal))
      : await saveBackup(path, running, call.signal)
  await call.result({ type: 'backup', path, entries, bytes }, `${path}: ${entries} entries, verified`)
}

async function restore(call: RelayCall, config: RelayConfig, path: string): Promise<void> {
  needEmbedded(config)
  const { entries } = await restoreBackup(path, config.data, call.signal)
  await call.result({ type: 'restored', data: config.data, entries }, config.data)
  await call.note(`${entries} entries restored.`)
  await call.note('One-time items were left out: their owners bring new ones.')
}

async function compact(call: RelayCall, config: RelayConfig): Promise<void> {
  needEmbedded(config)
  const running = await askRunning(config.data, 'POST', 'compact')
  if (running === undefined) await withClosedStore(config.data, (upkeep) => upkeep.compact())
  else for await (const _ of running);
  await call.result({ type: 'compacted', data: config.data }, config.data)
  await call.note('Compacted.')
}

const ACCOUNT = /^[0-9a-fA-F]{64}$/
const AMOUNT = /^\d{1,20}$/

/** Asks the ledger of the relay that runs on the folder: what is kept is changed by one who holds it. */
async function ledger(call: RelayCall, { data }: RelayConfig, key: string, amount?: string): Promise<void> {
  if (!ACCOUNT.test(key)) throw misused('a key is 64 hexadecimal digits')
  if (amount !== undefined && !AMOUNT.test(amount)) throw misused('an amount is a whole number')
  const what = amount === undefined ? 'balance' : 'credit'
  const path = [what, key.toLowerCase(), ...(amount === undefined ? [] : [amount])].join('/')
  const running = await askRunning(data, amount === undefined ? 'GET' : 'POST', path)
  if (running === undefined) throw new RelayError('relay/not-running', { details: { path: data } })
  let text = ''
  for await (const part of running) text += String(part)
  const balance = text.trim()
  await call.result({ type: what, account: key.toLowerCase(), balance }, balance)
}

/**
 * Does what the words and options say.
 * @throws RelayError `relay/bad-setting` whose `setting` begins with `--` for what stands on the command line,
 * and whatever `startRelay`, backup and restore throw
 */
export async function runRelayCommand(call: RelayCall): Promise<void> {
  const config = readConfig(call)
  const [verb, path, amount, ...more] = call.words
  if (more.length > 0 || (amount !== undefined && verb !== 'credit')) throw misused('too many words')
  if (call.flags['print-config'] !== undefined)
    return call.result(
      { type: 'config', ...printedConfig(config) },
      JSON.stringify(printedConfig(config), null, 2),
    )
  if (call.flags['check-config'] !== undefined)
    return call.result({ type: 'config-good' }, 'The settings are good.')
  if (verb === undefined || (verb === 'serve' && path === undefined)) return run(call, config)
  if (verb === 'compact' && path === undefined) return compact(call, config)
  if (verb === 'backup' && path !== undefined) return backup(call, config, path)
  if (verb === 'restore' && path !== undefined) return restore(call, config, path)
  if (verb === 'credit' && path !== undefined && amount !== undefined)
    return ledger(call, config, path, amount)
  if (verb === 'balance' && path !== undefined) return ledger(call, config, path)
  const isForm = RELAY_FORMS.some((form) => form.split(' ')[0] === verb)
  throw misused(isForm ? `write ${RELAY_FORMS.find((form) => form.startsWith(verb))}` : `there is no ${verb}`)
}
