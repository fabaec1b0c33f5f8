/** Any bytes as the padding of an authentic frame: refused with a typed error, or a state that can be stored and sent from. */
import { equalBytes } from '@hyphae/core'
import type { PqState } from '../src/pq/state.js'
import { postQuantum } from '../src/pq.js'
import { coreOf } from '../src/session.js'
import { pqFuzzWorld } from './support/pq-world.js'

const { crypto, sessions } = pqFuzzWorld()
const states: readonly PqState[] = Object.values(sessions).flatMap(
  (session) => coreOf(session).pq?.state ?? [],
)
const transcript = new Uint8Array(32)

function tryState(state: PqState, padding: Uint8Array): void {
  for (const epoch of [state.epoch, state.next === null ? state.epoch : state.epoch + 1]) {
    const next = postQuantum.receive(state, { epoch, padding, now: 1 })
    const stored = postQuantum.encode(next)
    if (!equalBytes(postQuantum.encode(postQuantum.decode(state.role, stored)), stored)) {
      throw new Error('the state cannot be stored')
    }
    postQuantum.send(crypto, next, { transcript, room: 440 })
  }
}

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'pq-padding',
  run(padding) {
    const failures: unknown[] = []
    for (const state of states) {
      const before = postQuantum.encode(state)
      try {
        tryState(state, padding)
      } catch (error) {
        failures.push(error)
      }
      if (!equalBytes(postQuantum.encode(state), before)) throw new Error('the state was changed in place')
    }
    if (failures.length > 0) throw failures[0]
  },
}
