/** Fuzz target: any bytes as a stored pool of KeyPackages. */
import { decodePool } from '../src/index.js'
import type { FuzzTarget } from './support/group.js'

export const target: FuzzTarget = {
  name: 'pool',
  async run(input) {
    decodePool(input)
  },
}
