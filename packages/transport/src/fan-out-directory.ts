/**
 * The Directory of several carriers. Records go to all. A stock goes to one, because two carriers with the same
 * one-time item would hand it out twice: to the first, or if that cannot be reached to the next. A carrier that
 * refuses an upload for what it is decides for all.
 */
import {
  type Directory,
  type DirectoryRecord,
  equalBytes,
  isHyphaeError,
  type StockItem,
  toHex,
} from '@hyphae/core'
import { type Asker, allFailed } from './first-success.js'

export interface NamedDirectory {
  readonly name: string
  readonly directory: Directory
}

export function fanOutDirectory(carriers: readonly NamedDirectory[], asker: Asker): Directory {
  /** Asks one after the other until `enough` is satisfied or an error is final; gives all answers. */
  const inTurn = async <T>(
    what: string,
    ask: (directory: Directory) => Promise<T>,
    enough: (answer: T) => boolean,
    isFinal: (error: unknown) => boolean = () => false,
  ): Promise<{ answers: T[]; errors: unknown[] }> => {
    const answers: T[] = []
    const errors: unknown[] = []
    for (const carrier of carriers) {
      try {
        const answer = await asker.first([carrier], what, ({ directory }) => ask(directory))
        answers.push(answer)
        if (enough(answer)) break
      } catch (error) {
        errors.push(error)
        if (isFinal(error)) break
      }
    }
    if (answers.length === 0) throw errors.length === 1 ? errors[0] : allFailed(errors)
    return { answers, errors }
  }

  return {
    publish: async (record, options) => {
      await asker.first(carriers, 'publish', ({ directory }) => directory.publish(record, options))
    },
    lookup: async (address, options) => {
      const found = await asker.all(carriers, 'lookup', ({ directory }) => directory.lookup(address, options))
      return mergeRecords(found)
    },
    stock: async (upload, options) => {
      await inTurn(
        'stock',
        (directory) => directory.stock(upload, options),
        () => true,
        (error) => isHyphaeError(error) && !error.retryable,
      )
    },
    take: async (writer, kind, options) => {
      const isOneTime = (found: StockItem | undefined): boolean => found !== undefined && !found.lastResort
      const ask = (directory: Directory): Promise<StockItem | undefined> =>
        directory.take(writer, kind, options)
      const { answers, errors } = await inTurn('take', ask, isOneTime)
      const found = answers.find(isOneTime) ?? answers.find((item) => item !== undefined)
      // "There is none" would be more than anybody knows while one of them has not answered.
      if (found === undefined && errors.length > 0) throw allFailed(errors)
      return found
    },
    remaining: async (writer, kind, options) => {
      const counts = await asker.all(carriers, 'remaining', ({ directory }) =>
        directory.remaining(writer, kind, options),
      )
      return counts.reduce((sum, count) => sum + count, 0)
    },
  }
}

/**
 * Every different record of every writer, writers in order of first mention. A carrier may hold an old one, and
 * only signatures, which are not checked here, tell an old record from a forged one: so both are given.
 */
function mergeRecords(answers: readonly DirectoryRecord[][]): DirectoryRecord[] {
  const byWriter = new Map<string, DirectoryRecord[]>()
  for (const record of answers.flat()) {
    const writer = toHex(record.writer)
    const known = byWriter.get(writer) ?? []
    if (!known.some((other) => isSameRecord(other, record))) known.push(record)
    byWriter.set(writer, known)
  }
  return [...byWriter.values()].flatMap((records) => records.sort((a, b) => b.sequence - a.sequence))
}

function isSameRecord(a: DirectoryRecord, b: DirectoryRecord): boolean {
  return a.sequence === b.sequence && equalBytes(a.body, b.body) && equalBytes(a.signature, b.signature)
}
