/**
 * Any bytes as a message of the Signal wire's post-quantum ratchet, in each of its states, as if the MAC around it held:
 * a typed error, or a state that can be stored and sent from. The state before it stays as it was.
 */
import { equalBytes } from '@hyphae/core'
import { stateReader, stateWriter } from '../src/signal/codec.js'
import { SIGNAL_MAX_FORWARD, SIGNAL_MAX_SKIPPED } from '../src/signal/limits.js'
import { decodePqMessage } from '../src/signal/pq/message.js'
import { type PqRatchet, pqReceive, pqSend } from '../src/signal/pq/ratchet.js'
import { readPqRatchet, writePqRatchet } from '../src/signal/pq/snapshot.js'
import { coreOf } from '../src/signal/session.js'
import { signalFuzzWorld } from './support/signal-world.js'

const { crypto, moments } = signalFuzzWorld()
const ratchets = Object.values(moments).map(({ session }) => coreOf(session).pq)

function stored(ratchet: PqRatchet): Uint8Array {
  const writer = stateWriter()
  writePqRatchet(writer, ratchet)
  return writer.done()
}

const befores = ratchets.map(stored)

function tryState(ratchet: PqRatchet, input: Uint8Array): void {
  const { ratchet: next } = pqReceive(crypto, ratchet, input, SIGNAL_MAX_FORWARD)
  const bytes = stored(next)
  const reader = stateReader(bytes)
  const again = readPqRatchet(reader)
  reader.end()
  if (!equalBytes(stored(again), bytes)) throw new Error('the state cannot be stored')
  pqSend(crypto, again)
}

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'signal-pq',
  run(input) {
    const failures: unknown[] = []
    // A far jump costs thousands of derivations, the same ones in every state: one shows what it does.
    const tried = decodePqMessage(input).index > SIGNAL_MAX_SKIPPED ? ratchets.slice(0, 1) : ratchets
    for (const [i, ratchet] of tried.entries()) {
      try {
        tryState(ratchet, input)
      } catch (error) {
        failures.push(error)
      }
      if (!equalBytes(stored(ratchet), befores[i] as Uint8Array))
        throw new Error('the state was changed in place')
    }
    const untyped = failures.find((error) => !(error instanceof Error && 'code' in error))
    if (untyped !== undefined) throw untyped
    if (failures.length === tried.length) throw failures[0]
  },
}
