/** Keys of rows of services in the embedded store. spec/relay.md section 5. No key of keys.ts begins like these. */
import { binary, type Range, readSeq, writeSeq } from './keys.js'

const ROW = 0x72
const DUE = 0x71
const NAME_AT = 9

/** The row's own key is ASCII. */
export function rowKey(key: string): Buffer {
  return Buffer.from(`${String.fromCharCode(ROW)}${key}`, 'latin1')
}

export function rowDueKey(due: number, key: string): Buffer {
  const bytes = Buffer.allocUnsafe(NAME_AT + key.length)
  bytes[0] = DUE
  writeSeq(bytes, 1, due)
  bytes.write(key, NAME_AT, 'latin1')
  return bytes
}

export function readRowDueKey(bytes: Uint8Array): { at: number; key: string } {
  return { at: readSeq(bytes, 1), key: binary(bytes.subarray(NAME_AT)) }
}

export const ROW_DUE_RANGE: Range = { gte: Buffer.from([DUE]), lt: Buffer.from([DUE + 1]) }
