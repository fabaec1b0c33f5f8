/**
 * The witness of a home: one number in a file beside it, which tells an old copy of the store from the newest
 * (spec/cli.md section 2). It is not in the home, so that whoever puts back a copy of the home leaves it alone.
 */
import { readFile, rm } from 'node:fs/promises'
import type { Witness } from '@hyphae/messenger'
import { CliError } from './errors.js'
import { exists, onDisk, replaceFile, storeFolder } from './home.js'

function witnessFile(home: string): string {
  return `${home}.witness`
}

/** The witness of a home. A home that has no store yet gets a new one. */
export async function openWitness(home: string): Promise<Witness> {
  const path = witnessFile(home)
  if (!(await exists(storeFolder(home)))) await onDisk(path, () => rm(path, { force: true }))
  let written = (await readNumber(path)) ?? -1
  return {
    read: () => readNumber(path),
    advance: async (generation) => {
      if (generation <= written) return
      await replaceFile(path, `${generation}\n`)
      written = generation
    },
  }
}

/** Undefined when there is no such file. @throws CliError `cli/io` */
async function readNumber(path: string): Promise<number | undefined> {
  if (!(await exists(path))) return undefined
  const text = await onDisk(path, () => readFile(path, 'utf8'))
  const value = Number(text)
  if (!/^\d{1,16}\n$/.test(text) || !Number.isSafeInteger(value))
    throw new CliError('cli/io', { details: { path, reason: 'not a number' } })
  return value
}
