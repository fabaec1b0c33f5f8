/** Fuzz target: any bytes as a directory record, then as a stock upload. What is accepted has one encoding. */
import { equalBytes, isHyphaeError } from '@hyphae/core'
import {
  decodeDirectoryRecord,
  decodeStockUpload,
  encodeDirectoryRecord,
  encodeStockUpload,
} from '../src/index.js'
import type { FuzzTarget } from './support/target.js'

function encodings(input: Uint8Array): Uint8Array {
  try {
    return encodeDirectoryRecord(decodeDirectoryRecord(input))
  } catch (error) {
    if (!isHyphaeError(error)) throw error
    return encodeStockUpload(decodeStockUpload(input))
  }
}

export const target: FuzzTarget = {
  name: 'directory',
  run(input) {
    if (!equalBytes(encodings(input), input)) throw new Error('accepted a second encoding')
  },
}
