/**
 * Fuzz target: any bytes as a message from the network. What is refused is refused with a typed error; either
 * way the state that read it is the same as before.
 */
import { equalBytes } from '@hyphae/core'
import { encodeGroup, processMessage } from '../src/index.js'
import { type FuzzTarget, fuzzGroup } from './support/group.js'

export const target: FuzzTarget = {
  name: 'message',
  async run(input) {
    const { ctx, victim } = await fuzzGroup()
    const before = encodeGroup(victim)
    const outcome = await processMessage(ctx, victim, input).then(
      () => null,
      (error: unknown) => ({ error }),
    )
    if (!equalBytes(encodeGroup(victim), before)) throw new Error('the state that was given has changed')
    if (outcome !== null) throw outcome.error
  },
}
