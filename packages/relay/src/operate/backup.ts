/** Backup to a file and back, from a running relay or a closed folder. spec/relay-rest.md section 7. */
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { silentLogger, systemClock } from '@hyphae/core'
import { openLevel } from '../engine/database.js'
import { embeddedEngine, storeFolder } from '../engine/embedded.js'
import type { Upkeep } from '../engine/engine.js'
import { restored } from '../engine/restored.js'
import { fillDatabase } from '../engine/upkeep.js'
import { codeOf, RelayError } from '../errors.js'
import { DEFAULT_LIMITS } from '../limits.js'
import { readBackup, writeBackup } from './backup-file.js'

const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

export interface BackupSummary {
  readonly entries: number
  readonly bytes: number
}

function ioError(path: string, cause: unknown): RelayError {
  if (cause instanceof RelayError) return cause
  return new RelayError('relay/backup-io', { details: { path, reason: codeOf(cause) }, cause })
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}

function refuseWhenStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new RelayError('relay/interrupted')
}

async function writeAll(
  file: FileHandle,
  stream: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const bytes of stream) {
    refuseWhenStopped(signal)
    await file.writeFile(bytes)
  }
  await file.sync()
}

async function* untilStopped<T>(
  chunks: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  for await (const chunk of chunks) {
    refuseWhenStopped(signal)
    yield chunk
  }
}

/** Reads a backup to its end. @throws RelayError `relay/bad-backup`, `relay/backup-io` */
export async function verifyBackup(path: string): Promise<BackupSummary> {
  let entries = 0
  try {
    for await (const chunk of readBackup(createReadStream(path))) entries += chunk.length
    return { entries, bytes: (await stat(path)).size }
  } catch (error) {
    throw ioError(path, error)
  }
}

/**
 * Saves a backup stream under `path`, which must be free; it stands there only after it was synced, read back
 * and verified.
 * @throws RelayError `relay/bad-backup`, `relay/backup-io`, `relay/backup-exists`, `relay/interrupted`
 */
export async function saveBackup(
  path: string,
  stream: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<BackupSummary> {
  if (await exists(path)) throw new RelayError('relay/backup-exists', { details: { path } })
  const draft = join(dirname(path), `.${basename(path)}.part`)
  try {
    const file = await open(draft, 'w', FILE_MODE)
    await writeAll(file, stream, signal).finally(() => file.close())
    const summary = await verifyBackup(draft)
    await rename(draft, path)
    await syncFolder(dirname(path))
    return summary
  } catch (error) {
    await rm(draft, { force: true })
    throw ioError(path, error)
  }
}

/** A running relay's backup: everything as it was when this was called. */
export function backupOf(upkeep: Upkeep): AsyncGenerator<Buffer> {
  return writeBackup(upkeep.snapshot())
}

/**
 * Works on the store of a relay that does not run.
 * @throws RelayError `relay/no-data`, `relay/data-locked`, `relay/data-corrupt`, `relay/data-unusable`
 */
export async function withClosedStore<T>(data: string, work: (upkeep: Upkeep) => Promise<T>): Promise<T> {
  if (!(await exists(storeFolder(data)))) throw new RelayError('relay/no-data', { details: { path: data } })
  const engine = await embeddedEngine({
    data,
    limits: DEFAULT_LIMITS,
    clock: systemClock,
    logger: silentLogger,
  })
  if (engine.upkeep === undefined) throw new RelayError('relay/no-upkeep')
  return work(engine.upkeep).finally(() => engine.close())
}

/**
 * Makes a data folder of a backup: all of it, or nothing. The folder must be empty or missing.
 * @throws RelayError `relay/data-not-empty`, `relay/bad-backup`, `relay/backup-io`, `relay/data-unusable`,
 * `relay/interrupted`
 */
export async function restoreBackup(
  path: string,
  data: string,
  signal?: AbortSignal,
): Promise<BackupSummary> {
  const held = await readdir(data).catch(() => [])
  if (held.length > 0) throw new RelayError('relay/data-not-empty', { details: { path: data } })
  const draft = join(data, 'restoring')
  const summary = await verifyBackup(path)
  try {
    await mkdir(data, { recursive: true, mode: FOLDER_MODE })
    const database = await openLevel(draft)
    const entries = untilStopped(restored(readBackup(createReadStream(path))), signal)
    await fillDatabase(database, entries).finally(() => database.close())
    await rename(draft, storeFolder(data))
    await syncFolder(data)
    return summary
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw ioError(path, error)
  }
}
