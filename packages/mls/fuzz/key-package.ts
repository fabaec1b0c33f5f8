/** Fuzz target: any bytes as a KeyPackage that somebody is asked to invite. */
import { addMembers } from '../src/index.js'
import { type FuzzTarget, fuzzGroup } from './support/group.js'

export const target: FuzzTarget = {
  name: 'key-package',
  async run(input) {
    const { ctx, attacker } = await fuzzGroup()
    await addMembers(ctx, attacker, [input])
  },
}
