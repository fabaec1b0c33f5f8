/** config.json of a home: what is no secret. Strictly read. spec/cli.md section 2. */
import { type AccountId, isHyphaeError } from '@hyphae/core'
import { accountKey, normalizeHandle } from '@hyphae/identity'
import { relay } from '@hyphae/transport-relay'
import { CliError } from './errors.js'
import { MAX_CONFIG_BYTES, MAX_HANDLES, MAX_RELAYS } from './limits.js'

export interface Config {
  readonly version: 1
  readonly account: AccountId
  /** 64 hexadecimal digits. */
  readonly device: string
  /** How the store is locked: by the file `key` of the home, or by a passphrase that stands nowhere. */
  readonly lock: 'key' | 'passphrase'
  readonly relays: readonly string[]
  readonly handles: readonly string[]
}

const FIELDS = ['version', 'account', 'device', 'lock', 'relays', 'handles']
const DEVICE = /^[0-9a-f]{64}$/

export function encodeConfig(config: Config): string {
  return `${JSON.stringify(config, FIELDS, 2)}\n`
}

/** @throws CliError `cli/bad-config`, `cli/newer-config` */
export function decodeConfig(text: string): Config {
  if (text.length > MAX_CONFIG_BYTES) throw bad('size')
  const value = parse(text)
  if (value.version !== 1) {
    const newer = typeof value.version === 'number' && value.version > 1
    throw newer ? new CliError('cli/newer-config') : bad('version')
  }
  if (Object.keys(value).some((name) => !FIELDS.includes(name))) throw bad('unknown field')
  const { account, device, lock, relays, handles } = value
  if (typeof account !== 'string' || !holds(() => accountKey(account))) throw bad('account')
  if (typeof device !== 'string' || !DEVICE.test(device)) throw bad('device')
  if (lock !== 'key' && lock !== 'passphrase') throw bad('lock')
  if (!isList(relays, MAX_RELAYS) || relays.length === 0) throw bad('relays')
  if (!relays.every((url) => holds(() => relay(url)))) throw bad('relays')
  if (!isList(handles, MAX_HANDLES)) throw bad('handles')
  if (!handles.every((handle) => holds(() => normalizeHandle(handle)))) throw bad('handles')
  return { version: 1, account: account as AccountId, device, lock, relays, handles }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {
    // Said below, without the text: it may hold what a person put there by mistake.
  }
  throw bad('not a JSON object')
}

function isList(value: unknown, limit: number): value is string[] {
  return Array.isArray(value) && value.length <= limit && value.every((item) => typeof item === 'string')
}

function holds(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch (error) {
    if (isHyphaeError(error)) return false
    throw error
  }
}

function bad(field: string): CliError {
  return new CliError('cli/bad-config', { details: { field } })
}
