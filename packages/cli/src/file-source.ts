/** A file on disk as something a conversation can send. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { FileSource } from '@hyphae/messenger'
import { CliError } from './errors.js'

export interface NamedSource extends FileSource {
  /** Last part of the path. */
  readonly name: string
}

/** @throws CliError `cli/not-a-file` */
export async function fileSource(path: string): Promise<NamedSource> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true) throw new CliError('cli/not-a-file', { details: { path } })
  return { name: basename(path), size: found.size, stream: () => createReadStream(path) }
}
