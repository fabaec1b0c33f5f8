/** Fuzz target: any bytes as records. What is accepted must be written back as it came. */
import { equalBytes } from '@hyphae/core'
import { encodeRecords, readRecords, recordCursor } from '../src/index.js'
import type { FuzzTarget } from './support/target.js'

export const target: FuzzTarget = {
  name: 'records',
  run(input) {
    const records = readRecords(input)
    if (!equalBytes(encodeRecords(records), input)) throw new Error('accepted a second encoding')
    let steps = 0
    for (const cursor = recordCursor(input); cursor.next(); ) steps++
    if (steps !== records.length) throw new Error('the cursor saw other records')
  },
}
