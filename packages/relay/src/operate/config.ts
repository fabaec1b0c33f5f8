/**
 * What a relay program runs with: arguments over environment over file over defaults, each source checked alone,
 * so that what is wrong is named where it stands.
 */
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { RelayError } from '../errors.js'
import type { RelayLimits } from '../limits.js'
import { DEFAULT_PORT, MAX_CONFIG_BYTES } from '../limits.js'
import { trustedProxies } from '../rest/clients.js'
import {
  checkSettings,
  type EngineName,
  LIMIT_NAMES,
  type LogLevel,
  type RelaySettings,
  SETTINGS,
  type Setting,
} from './settings.js'

export interface RelayConfig extends RelaySettings {
  readonly data: string
  readonly host: string
  readonly port: number
  readonly names: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly rest: boolean
  readonly adminHost: string
  readonly logLevel: LogLevel
  readonly engine: EngineName
  readonly limits: Partial<RelayLimits>
}

/** Texts by option name without dashes, as often as they were given. */
export type Flags = Readonly<Record<string, readonly string[] | undefined>>
export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'HYPHAE_RELAY_'
const LIMIT_PREFIX = `${PREFIX}LIMIT_`
/** Names the file itself. */
const CONFIG_VARIABLE = `${PREFIX}CONFIG`

const words = (name: string): string => name.replace(/(?<!^)[A-Z]/g, (letter) => `-${letter}`)

/** `tlsCert` is `--tls-cert`; of a list one is given at a time: `--name`, `--trusted-proxy`. */
export function flagOf({ name, kind }: Pick<Setting, 'name' | 'kind'>): string {
  const flag = words(name).toLowerCase()
  if (kind !== 'list') return flag
  return flag.endsWith('ies') ? `${flag.slice(0, -3)}y` : flag.slice(0, -1)
}

/** `tlsCert` is `HYPHAE_RELAY_TLS_CERT`. */
export function variableOf(name: string, prefix: string = PREFIX): string {
  return `${prefix}${words(name).toUpperCase().replaceAll('-', '_')}`
}

function bad(setting: string, reason: string): RelayError {
  return new RelayError('relay/bad-setting', { details: { setting, reason } })
}

/** What a text means; what does not fit stays a text, so that the schema says what was expected. */
function meaningOf({ kind }: Pick<Setting, 'kind'>, texts: readonly string[]): unknown {
  const last = texts.at(-1) ?? ''
  if (kind === 'list') return texts
  if (kind === 'path') return last === '' ? last : resolve(last)
  if (kind === 'whole') return /^\d{1,16}(\.\d{1,16})?$/.test(last) ? Number(last) : last
  if (kind === 'switch') return last === 'true' ? true : last === 'false' ? false : last
  return last
}

function checked(value: unknown, name: (path: string) => string): RelaySettings {
  const result = checkSettings(value)
  if ('reason' in result) throw bad(name(result.path), result.reason)
  return result
}

function fromFile(path: string | undefined): RelaySettings {
  if (path === undefined) return {}
  const settings = checked(readJson(path), (at) => (at === '' ? path : `${at} in ${path}`))
  const below = (value: string): string => resolve(dirname(path), value)
  const paths = SETTINGS.filter(({ kind }) => kind === 'path').flatMap(({ name }) => {
    const value = settings[name]
    return typeof value === 'string' ? [[name, below(value)]] : []
  })
  return { ...settings, ...Object.fromEntries(paths) }
}

function readJson(path: string): unknown {
  let text: string
  try {
    if (statSync(path).size > MAX_CONFIG_BYTES) throw bad(path, `expected at most ${MAX_CONFIG_BYTES} bytes`)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof RelayError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw bad(path, `cannot be read: ${code}`)
  }
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the text, which may hold a secret.
    throw bad(path, 'is not JSON')
  }
}

function fromEnvironment(env: Environment): RelaySettings {
  const given = Object.entries(env).filter(([name, value]) => name.startsWith(PREFIX) && value !== undefined)
  const settings: Record<string, unknown> = {}
  const limits: Record<string, unknown> = {}
  for (const [variable, text = ''] of given) {
    if (variable === CONFIG_VARIABLE) continue
    const setting = SETTINGS.find(({ name }) => variableOf(name) === variable)
    const limit = LIMIT_NAMES.find((name) => variableOf(name, LIMIT_PREFIX) === variable)
    if (limit !== undefined) limits[limit] = meaningOf({ kind: 'whole' }, [text])
    else if (setting !== undefined) settings[setting.name] = meaningOf(setting, textsOf(setting, text))
    else throw bad(variable, 'there is no such setting')
  }
  return checked({ ...settings, limits }, (path) => {
    const [name = '', limit] = path.split('.')
    return name === 'limits' ? variableOf(limit ?? '', LIMIT_PREFIX) : variableOf(name)
  })
}

/** Lists are separated by commas. */
function textsOf({ kind }: Setting, text: string): string[] {
  if (kind !== 'list') return [text]
  return text === '' ? [] : text.split(',').map((item) => item.trim())
}

function fromFlags(flags: Flags): RelaySettings {
  const settings: Record<string, unknown> = {}
  for (const setting of SETTINGS) {
    const texts = flags[flagOf(setting)] ?? []
    if (texts.length === 0) continue
    refuseSecret(setting, texts)
    settings[setting.name] = meaningOf(setting, texts)
  }
  const limits = Object.fromEntries((flags.limit ?? []).map(readLimit))
  return checked({ ...settings, limits }, (path) => {
    const [name = '', limit] = path.split('.')
    const setting = SETTINGS.find((one) => one.name === name)
    return setting === undefined ? `--limit ${limit}` : `--${flagOf(setting)}`
  })
}

/** Every user of a machine sees the arguments of its programs. */
function refuseSecret(setting: Setting, texts: readonly string[]): void {
  const shown = setting.secret === 'url' && texts.every((text) => passwordOf(text) === '')
  if (setting.secret === undefined || shown) return
  throw bad(`--${flagOf(setting)}`, `a secret is no argument: use the file or ${variableOf(setting.name)}`)
}

export function passwordOf(url: string): string {
  return URL.canParse(url) ? new URL(url).password : ''
}

function readLimit(text: string): [string, unknown] {
  const [name = '', ...rest] = text.split('=')
  return [name, meaningOf({ kind: 'whole' }, [rest.join('=')])]
}

const DEFAULTS = {
  host: '127.0.0.1',
  port: DEFAULT_PORT,
  names: [],
  trustedProxies: [],
  rest: true,
  adminHost: '127.0.0.1',
  logLevel: 'info',
  engine: 'embedded',
} as const

export interface ConfigSources {
  readonly flags: Flags
  readonly env: Environment
  /** The data folder where none is set. */
  readonly data: string
}

/** @throws RelayError `relay/bad-setting` naming the setting where it was set, and what was expected */
export function readConfig({ flags, env, data }: ConfigSources): RelayConfig {
  const named = flags.config?.at(-1) ?? env[CONFIG_VARIABLE]
  const sources = [
    fromFile(named === undefined ? undefined : resolve(named)),
    fromEnvironment(env),
    fromFlags(flags),
  ]
  const limits: Partial<RelayLimits> = Object.assign({}, ...sources.map((source) => source.limits))
  const config: RelayConfig = Object.assign({ ...DEFAULTS, data: resolve(data) }, ...sources, { limits })
  refuseHalves(config)
  return config
}

/** What says something of payment that is not there without a price. */
const PAID = [
  'payByteDays',
  'payIssuer',
  'payMethods',
  'payTrustedKeys',
  'payTokenValues',
  'escrowUrl',
] as const
const ESCROW = ['escrowUrl', 'escrowContract', 'escrowKey'] as const

/** Settings that mean nothing without another, or nothing at all. */
function refuseHalves(config: RelayConfig): void {
  if (trustedProxies(config.trustedProxies) === undefined)
    throw bad('trustedProxies', 'expected IP addresses or networks such as 10.0.0.0/8')
  const needs = (name: keyof RelaySettings, reason: string): void => {
    if (config[name] === undefined) throw bad(name, reason)
  }
  if (config.tlsKey !== undefined) needs('tlsCert', 'needed with tlsKey')
  if (config.tlsCert !== undefined) needs('tlsKey', 'needed with tlsCert')
  if (config.engine === 'nats') needs('natsUrl', 'needed by the engine nats')
  if (config.engine === 'postgres') needs('postgresUrl', 'needed by the engine postgres')
  if (config.s3Endpoint !== undefined) needs('s3Bucket', 'needed with s3Endpoint')
  if (config.s3Bucket !== undefined && config.engine === 'embedded')
    throw bad('s3Bucket', 'the embedded engine keeps blobs itself')
  if (config.payAmount !== undefined) needs('payByteDays', 'needed with payAmount')
  for (const name of PAID) if (config[name] !== undefined) needs('payAmount', `needed with ${name}`)
  if (config.payAmount !== undefined && config.names.length === 0)
    needs('payIssuer', 'needed with payAmount where no name is set')
  for (const name of ESCROW)
    for (const other of ESCROW) if (config[name] !== undefined) needs(other, `needed with ${name}`)
  if (config.payMethods?.includes('escrow')) needs('escrowUrl', 'needed by the method escrow')
  if (config.hopSecret !== undefined) needs('hopSecond', 'needed with hopSecret')
  if (config.s3AccessKey !== undefined) needs('s3SecretKey', 'needed with s3AccessKey')
}

/** The configuration as a file would hold it, without its secrets. */
export function printedConfig(config: RelayConfig): Record<string, unknown> {
  const shown = { ...config } as Record<string, unknown>
  for (const { name, secret } of SETTINGS) {
    const value = config[name]
    if (secret === 'value' && value !== undefined) shown[name] = '[redacted]'
    if (secret === 'url' && typeof value === 'string' && passwordOf(value) !== '')
      shown[name] = withoutPassword(value)
  }
  return shown
}

function withoutPassword(text: string): string {
  const url = new URL(text)
  url.password = 'redacted'
  return url.href
}
