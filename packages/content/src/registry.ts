/** The content types a node understands: the built-in ones and those an app adds. spec/content.md section 4. */
import { ContentError } from './errors.js'
import { fileContent } from './file.js'
import { receiptContent } from './receipt.js'
import { textContent } from './text.js'
import type { ContentType } from './type.js'

export interface Registry {
  readonly byName: ReadonlyMap<string, ContentType>
  readonly byNumber: ReadonlyMap<number, ContentType>
}

export const BUILTIN_TYPES: readonly ContentType[] = [textContent, fileContent, receiptContent]

/**
 * Built-in types first, then `types`.
 * @throws ContentError `content/duplicate-type`
 */
export function createRegistry(types: readonly ContentType[] = []): Registry {
  const byName = new Map<string, ContentType>()
  const byNumber = new Map<number, ContentType>()
  for (const type of [...BUILTIN_TYPES, ...types]) {
    const numberTaken = type.number !== undefined && byNumber.has(type.number)
    if (byName.has(type.type) || numberTaken)
      throw new ContentError('content/duplicate-type', { details: { type: type.type } })
    byName.set(type.type, type)
    if (type.number !== undefined) byNumber.set(type.number, type)
  }
  return { byName, byNumber }
}
