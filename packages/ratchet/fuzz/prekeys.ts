/** Any bytes as the stored prekeys of a device: refused with a typed error, or canonical and usable. */
import { equalBytes } from '@hyphae/core'
import {
  decodePrekeyState,
  encodePrekeyState,
  generateOneTimePrekeys,
  lastResortBundle,
  MAX_PREKEY_ID,
} from '../src/index.js'
import { postQuantum } from '../src/pq.js'
import { pqFuzzWorld } from './support/pq-world.js'

const { crypto, bob } = pqFuzzWorld()

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'prekeys',
  run(input) {
    const state = decodePrekeyState(crypto, input, { pq: postQuantum })
    if (!equalBytes(encodePrekeyState(crypto, state), input)) throw new Error('the snapshot is not canonical')
    lastResortBundle(crypto, bob, state)
    if (state.nextId < MAX_PREKEY_ID) generateOneTimePrekeys(crypto, bob, state, 1)
  },
}
