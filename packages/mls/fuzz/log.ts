/**
 * Fuzz target: any bytes as a row of a stored log. The first byte says which kind of row. One that is accepted is
 * written back as it came.
 */
import { equalBytes } from '@hyphae/core'
import { MlsError } from '../src/index.js'
import {
  decodeEarly,
  decodeHeld,
  decodeRest,
  decodeWelcome,
  encodeEarly,
  encodeHeld,
  encodeRest,
  encodeWelcome,
} from '../src/order/stored.js'
import { decodeIntent, encodeIntent } from '../src/order/stored-intent.js'
import type { FuzzTarget } from './support/group.js'

const rest = (row: Uint8Array): Uint8Array => {
  const { beacons, ...fields } = decodeRest(row)
  const none = { nodes: new Map(), early: [], held: [], intents: [], welcomes: [] }
  return encodeRest({ ...fields, ...none, beacons: new Map(beacons.map((one, index) => [`${index}`, one])) })
}

const ROWS: readonly ((row: Uint8Array) => Uint8Array)[] = [
  rest,
  (row) => encodeEarly(decodeEarly(row)),
  (row) => encodeHeld(decodeHeld(row)),
  (row) => encodeWelcome(decodeWelcome(row)),
  (row) => encodeIntent(decodeIntent(row)),
]

export const target: FuzzTarget = {
  name: 'log',
  async run(input) {
    const again = ROWS[input[0] ?? ROWS.length]
    if (again === undefined) throw new MlsError('mls/bad-snapshot')
    const row = input.subarray(1)
    if (!equalBytes(again(row), row)) throw new Error('accepted a second encoding')
  },
}
