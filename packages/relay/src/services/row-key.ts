/** Keys of a Store as keys of rows: a token for each part, so that a prefix of parts is a prefix of tokens. */
import { fromUtf8, type KeyPart, type StoreKey, utf8 } from '@hyphae/core'
import { checkRow } from '../engine/rows.js'
import { RelayError } from '../errors.js'

/** Numbers keep their order: Number.MAX_SAFE_INTEGER has 14 hexadecimal digits. */
const DIGITS = 14

/** Numbers that keep their order, and text that comes back as it was. */
function isPart(part: KeyPart): boolean {
  if (typeof part === 'number') return Number.isSafeInteger(part) && part >= 0
  return typeof part !== 'string' || fromUtf8(utf8(part)) === part
}

function token(part: KeyPart): string {
  if (!isPart(part)) throw new RelayError('relay/bad-row')
  if (typeof part === 'number') return `n${part.toString(16).padStart(DIGITS, '0')}`
  if (typeof part === 'string') return `s${Buffer.from(utf8(part)).toString('base64url')}`
  return `b${Buffer.from(part).toString('base64url')}`
}

function part(text: string): KeyPart {
  const rest = text.slice(1)
  if (text[0] === 'n') return Number.parseInt(rest, 16)
  const bytes = new Uint8Array(Buffer.from(rest, 'base64url'))
  return text[0] === 's' ? fromUtf8(bytes) : bytes
}

/** @throws RelayError `relay/bad-row` */
export function rowKeyOf(root: string, key: StoreKey): string {
  const row = [root, ...key.map(token)].join('.')
  checkRow(row)
  return row
}

export function storeKeyOf(root: string, row: string): StoreKey {
  return row
    .slice(root.length + 1)
    .split('.')
    .map(part) as unknown as StoreKey
}
