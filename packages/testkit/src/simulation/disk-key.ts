/** Store keys as text that sorts as the port asks: numbers by value, kinds apart, no two keys alike. */
import { type KeyPart, type StoreKey, toHex } from '@hyphae/core'
import { TestkitError } from '../errors.js'
import { MAX_DISK_KEY_CHARACTERS } from '../limits.js'

/** Never inside a part: JSON escapes it. */
const SEPARATOR = '\u0000'
const NUMBER_DIGITS = 16
const LONE_SURROGATE = /\p{Surrogate}/u

function encodePart(part: KeyPart): string {
  if (typeof part === 'number') {
    if (!Number.isSafeInteger(part) || part < 0) throw refused('a number that is negative or not whole')
    return `#${String(part).padStart(NUMBER_DIGITS, '0')}`
  }
  if (typeof part === 'string') {
    if (LONE_SURROGATE.test(part)) throw refused('text that is not well-formed')
    return JSON.stringify(part)
  }
  return `x${toHex(part)}`
}

function refused(reason: string): TestkitError {
  return new TestkitError('testkit/refused', { details: { reason } })
}

/** @throws TestkitError `testkit/refused` */
export function encodeKey(key: StoreKey): string {
  const encoded = key.map(encodePart).join(SEPARATOR)
  if (encoded.length > MAX_DISK_KEY_CHARACTERS) throw refused('a key that is too long')
  return encoded
}

/** True for the key of the prefix itself and for all below it. */
export function isBelow(encoded: string, prefix: string): boolean {
  return encoded === prefix || encoded.startsWith(prefix + SEPARATOR)
}

/** Whether the part after a prefix of `length` parts is a number of at least `from`. */
export function isFrom(key: StoreKey, length: number, from: number): boolean {
  const part = key[length]
  return typeof part === 'number' && part >= from
}

export function copyKey(key: StoreKey): StoreKey {
  const [table, ...parts] = key
  return [table, ...parts.map((part) => (part instanceof Uint8Array ? part.slice() : part))]
}
