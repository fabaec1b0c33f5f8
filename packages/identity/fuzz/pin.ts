/** Fuzz target: any bytes as a stored pin. What is accepted is written back as it came. */
import { equalBytes } from '@hyphae/core'
import { decodePin, encodePin } from '../src/index.js'
import type { FuzzTarget } from './target.js'

export const target: FuzzTarget = {
  name: 'pin',
  run(input) {
    if (!equalBytes(encodePin(decodePin(input)), input)) throw new Error('accepted a second encoding')
  },
}
