/** Fuzz target: any bytes as the Welcome to a KeyPackage of ours. */
import { joinGroup } from '../src/index.js'
import { type FuzzTarget, fuzzGroup } from './support/group.js'

export const target: FuzzTarget = {
  name: 'welcome',
  async run(input) {
    const { ctx, invitation } = await fuzzGroup()
    await joinGroup(ctx, { ...invitation, welcome: input })
  },
}
