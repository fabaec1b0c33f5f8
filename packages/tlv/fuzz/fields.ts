/** Fuzz target: any bytes as a structure of three levels, plain and padded. What is accepted must be written back as it came. */
import { equalBytes, isHyphaeError } from '@hyphae/core'
import { defineSchema, encodeFields, readFields } from '../src/index.js'
import type { FuzzTarget } from './support/target.js'

const INNERMOST = defineSchema([
  { type: 1, name: 'id', size: 1 },
  { type: 140, name: 'note', max: 3, required: false },
])
const INNER = defineSchema([
  { type: 1, name: 'leaf', repeat: 4, fields: INNERMOST },
  { type: 2, name: 'text', min: 2, required: false },
])
export const SCHEMA = defineSchema([
  { type: 1, name: 'key', size: 4 },
  { type: 3, name: 'branch', repeat: 3, required: false, fields: INNER },
  { type: 7, name: 'rest', max: 300, required: false },
  { type: 130, name: 'option', required: false },
])

/** The input without the zeros that a frame's body may end in. */
function withoutPadding(input: Uint8Array): Uint8Array | null {
  try {
    const { values, unknown } = readFields(input, SCHEMA, { padding: true })
    return encodeFields(SCHEMA, values, unknown)
  } catch (error) {
    if (!isHyphaeError(error)) throw error
    return null
  }
}

export const target: FuzzTarget = {
  name: 'fields',
  run(input) {
    const unpadded = withoutPadding(input)
    if (unpadded !== null) {
      const rest = input.subarray(unpadded.length)
      if (!equalBytes(input.subarray(0, unpadded.length), unpadded) || rest.some((byte) => byte !== 0))
        throw new Error('accepted a second encoding with padding')
    }
    const { values, unknown } = readFields(input, SCHEMA)
    if (!equalBytes(encodeFields(SCHEMA, values, unknown), input))
      throw new Error('accepted a second encoding')
    if (unpadded === null) throw new Error('padding is allowed, and refused what has none')
  },
}
