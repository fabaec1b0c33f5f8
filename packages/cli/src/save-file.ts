/**
 * Saves received files: whole and verified under their name, or not at all; never over another file.
 *
 * The pieces go to a temporary name and are linked to the final one after the last of them was verified. Knows no
 * network: a failure of the source is passed on, one of the disk becomes `cli/cannot-save`.
 */
import { type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError } from './errors.js'
import { codeOf } from './home.js'
import { MAX_NAME_BYTES, MAX_SAME_NAMES } from './limits.js'

export interface FileToSave {
  /** Clean: no path, no control character. */
  readonly name: string
  /** Tells drafts apart; a draft of the same id is from a try that was cut off. */
  readonly id: string
  readonly pieces: AsyncIterable<Uint8Array>
}

/** Returns the path it was saved at. @throws CliError `cli/cannot-save`, and what `pieces` throws */
export async function saveFile(folder: string, file: FileToSave): Promise<string> {
  const draft = join(folder, `.hyphae-${file.id}.part`)
  try {
    await onFolder(async () => {
      await mkdir(folder, { recursive: true })
      await rm(draft, { force: true })
    })
    await writeDraft(draft, file.pieces)
    return await onFolder(() => release(draft, folder, file.name))
  } finally {
    await rm(draft, { force: true }).catch(() => {})
  }
}

async function writeDraft(draft: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  // Exclusive: whoever put a link there in between gets nothing written through it.
  const handle = await onFolder(() => open(draft, 'wx'))
  try {
    for await (const piece of pieces) await onFolder(() => writeAll(handle, piece))
    await onFolder(() => handle.sync())
  } finally {
    await handle.close()
  }
}

async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let offset = 0; offset < piece.length; ) {
    offset += (await handle.write(piece, offset)).bytesWritten
  }
}

/** Gives the draft the first free of `name`, `name (2)`, `name (3)`, … */
async function release(draft: string, folder: string, name: string): Promise<string> {
  for (let number = 1; number <= MAX_SAME_NAMES; number++) {
    const path = join(folder, numbered(name, number))
    if (await moveIfFree(draft, path)) return path
  }
  throw new CliError('cli/cannot-save', { details: { reason: 'too many files of this name' } })
}

async function moveIfFree(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error))) throw error
  }
  return replaceOwn(draft, path)
}

/** For file systems without links: the name is taken by an empty file of ours, which the draft replaces. */
async function replaceOwn(draft: string, path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close()
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  await rename(draft, path)
  return true
}

/** `photo.jpg`, `photo (2).jpg`, …, never longer than a file system takes. */
export function numbered(name: string, number: number): string {
  if (number === 1) return name
  const dot = name.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  const end = ` (${number})${extension}`
  const characters = [...stem]
  while (characters.length > 0 && Buffer.byteLength(characters.join('') + end) > MAX_NAME_BYTES)
    characters.pop()
  return characters.join('') + end
}

async function onFolder<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError('cli/cannot-save', { details: { reason: codeOf(cause) }, cause })
  }
}
