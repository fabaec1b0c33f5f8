/** Fuzz target: any bytes as a snapshot. One that is accepted is written back as it came. */
import { equalBytes } from '@hyphae/core'
import { decodeGroup, encodeGroup } from '../src/index.js'
import { type FuzzTarget, fuzzGroup } from './support/group.js'

export const target: FuzzTarget = {
  name: 'snapshot',
  async run(input) {
    const { ctx } = await fuzzGroup()
    if (!equalBytes(encodeGroup(decodeGroup(ctx, input)), input))
      throw new Error('accepted a second encoding')
  },
}
