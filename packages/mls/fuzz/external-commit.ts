/** Fuzz target: any bytes as the commit of a newcomer, to a member of a group that anybody may come into. */
import { processMessage } from '../src/index.js'
import type { FuzzTarget } from './support/group.js'
import { openGroup } from './support/open-group.js'

export const target: FuzzTarget = {
  name: 'external-commit',
  async run(input) {
    const { ctx, member } = await openGroup()
    await processMessage(ctx, member, input)
  },
}
