/** Any bytes as a Signal message, in each state of the exchange: a typed error, or exactly one that was sent. */
import { equalBytes } from '@hyphae/core'
import { SIGNAL_MAX_SKIPPED } from '../src/signal/limits.js'
import { decodeMessage } from '../src/signal/message.js'
import { decodePqMessage } from '../src/signal/pq/message.js'
import { decryptSignal, encodeSignalSession } from '../src/signal.js'
import { signalFuzzWorld } from './support/signal-world.js'

const { crypto, moments } = signalFuzzWorld()
const sessions = Object.values(moments).map((moment) => ({
  ...moment,
  before: encodeSignalSession(crypto, moment.session),
}))

/** A far jump costs thousands of derivations, the same ones in every state: one shows what it does. */
function sessionsFor(input: Uint8Array): typeof sessions {
  const { counter, pqMessage } = decodeMessage(input)
  const furthest = Math.max(counter, decodePqMessage(pqMessage).index)
  return furthest > SIGNAL_MAX_SKIPPED ? sessions.slice(0, 1) : sessions
}

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'signal-message',
  run(input) {
    const failures: unknown[] = []
    const tried = sessionsFor(input)
    for (const { session, before } of tried) {
      try {
        decryptSignal(crypto, session, input)
        // States of one end at two times: a message may open in either.
        if (!sessions.some(({ message }) => equalBytes(message, input)))
          throw new Error('a forged message opened')
      } catch (error) {
        failures.push(error)
      }
      if (!equalBytes(encodeSignalSession(crypto, session), before))
        throw new Error('the session was changed in place')
    }
    // Each message is for one session, and what the others say of it is no finding unless it is untyped.
    const untyped = failures.find((error) => !(error instanceof Error && 'code' in error))
    if (untyped !== undefined) throw untyped
    if (failures.length === tried.length) throw failures[0]
  },
}
