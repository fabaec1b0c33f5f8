/**
 * The home folder: config.json, the key file, the store. spec/cli.md section 2.
 *
 * config.json is written last and by renaming, so a home either is whole or `init` can be repeated on it.
 */
import { chmod, mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { defaultCrypto } from '@hyphae/crypto'
import type { Encryption } from '@hyphae/store'
import { type Config, decodeConfig, encodeConfig } from './config.js'
import { CliError } from './errors.js'
import type { WholeIo } from './io.js'
import { MAX_PASSPHRASE_CHARACTERS } from './limits.js'

/** Only the owner looks in. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
const KEY_BYTES = 32

export function homeFolder(given: string | undefined, env: WholeIo['env']): string {
  const named = given ?? env.HYPHAE_HOME
  return named ? resolve(named) : join(env.HOME || homedir(), '.hyphae')
}

export function storeFolder(home: string): string {
  return join(home, 'store')
}

/** @throws CliError `cli/home-exists`, `cli/io` */
export async function makeHome(home: string): Promise<void> {
  if (await exists(join(home, 'config.json'))) throw new CliError('cli/home-exists', { details: { home } })
  await onDisk(home, () => mkdir(home, { recursive: true, mode: FOLDER_MODE }))
}

/** @throws CliError `cli/no-home`, `cli/bad-config`, `cli/newer-config`, `cli/io` */
export async function readConfig(home: string): Promise<Config> {
  const path = join(home, 'config.json')
  if (!(await exists(path))) throw new CliError('cli/no-home', { details: { home } })
  return decodeConfig(await onDisk(path, () => readFile(path, 'utf8')))
}

export async function writeConfig(home: string, config: Config): Promise<void> {
  await replaceFile(join(home, 'config.json'), encodeConfig(config))
}

/**
 * What opens the store of a home.
 * @throws CliError `cli/no-key-file`, `cli/bad-key-file`, `cli/no-passphrase`, `cli/bad-passphrase`
 */
export async function unlock(home: string, lock: Config['lock'], io: WholeIo): Promise<Encryption> {
  if (lock === 'passphrase') return { passphrase: await readPassphrase(io, 'once') }
  const path = join(home, 'key')
  if (!(await exists(path))) throw new CliError('cli/no-key-file')
  return { key: await readKey(path) }
}

/** The same for a home that is being made: makes the key, asks for the passphrase twice. */
export async function makeLock(home: string, lock: Config['lock'], io: WholeIo): Promise<Encryption> {
  if (lock === 'passphrase') return { passphrase: await readPassphrase(io, 'twice') }
  const path = join(home, 'key')
  // Left by an `init` that did not come to its end: a store may need it.
  if (await exists(path)) return { key: await readKey(path) }
  const key = defaultCrypto.randomBytes(KEY_BYTES)
  await replaceFile(path, `${Buffer.from(key).toString('hex')}\n`)
  return { key }
}

async function readKey(path: string): Promise<Uint8Array> {
  const text = (await onDisk(path, () => readFile(path, 'utf8'))).trim()
  if (!/^[0-9a-f]{64}$/.test(text)) throw new CliError('cli/bad-key-file')
  return new Uint8Array(Buffer.from(text, 'hex'))
}

async function readPassphrase(io: WholeIo, times: 'once' | 'twice'): Promise<string> {
  const set = io.env.HYPHAE_PASSPHRASE
  if (set !== undefined) return usable(set)
  if (io.readSecret === undefined) throw new CliError('cli/no-passphrase')
  const typed = usable(await io.readSecret('Passphrase: '))
  if (times === 'twice' && (await io.readSecret('Again: ')) !== typed)
    throw new CliError('cli/bad-passphrase', { details: { reason: 'the two differ' } })
  return typed
}

function usable(passphrase: string): string {
  if (passphrase === '' || passphrase.length > MAX_PASSPHRASE_CHARACTERS)
    throw new CliError('cli/bad-passphrase', { details: { characters: passphrase.length } })
  return passphrase
}

/** Whole and durable, or not there. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const draft = `${path}.new`
  await onDisk(path, async () => {
    const file = await open(draft, 'w', FILE_MODE)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    // The mode above counts only where the file was not there.
    await chmod(draft, FILE_MODE)
    await rename(draft, path)
  })
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw ioError(path, error)
  }
}

/** Runs work on the file system; a failure is told with its path. */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw ioError(path, error)
  }
}

function ioError(path: string, cause: unknown): CliError {
  return new CliError('cli/io', { details: { path, reason: codeOf(cause) }, cause })
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
