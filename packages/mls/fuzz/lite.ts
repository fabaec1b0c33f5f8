/** Fuzz target: any bytes as stored chains. What is accepted is written back as it came. */
import { equalBytes } from '@hyphae/core'
import { decodeLite, encodeLite } from '../src/lite/index.js'
import type { FuzzTarget } from './support/group.js'

export const target: FuzzTarget = {
  name: 'lite',
  async run(input) {
    if (!equalBytes(encodeLite(decodeLite(input)), input)) throw new Error('accepted a second encoding')
  },
}
