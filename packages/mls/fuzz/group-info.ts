/** Fuzz target: any bytes as the GroupInfo that a newcomer is given. */
import { joinExternally } from '../src/index.js'
import type { FuzzTarget } from './support/group.js'
import { openGroup } from './support/open-group.js'

export const target: FuzzTarget = {
  name: 'group-info',
  async run(input) {
    const { ctx, newcomer } = await openGroup()
    await joinExternally(ctx, newcomer, { groupInfo: input })
  },
}
