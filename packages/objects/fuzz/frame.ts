/** Fuzz target: any bytes as the body of a message, its kind in front; and as a frame. */
import { isHyphaeError } from '@hyphae/core'
import { assembly, decodeIndices, decodeMessage } from '../src/index.js'
import type { FuzzTarget } from './support/target.js'

export const target: FuzzTarget = {
  name: 'frame',
  run(input) {
    try {
      assembly().take(input)
    } catch (error) {
      if (!isHyphaeError(error)) throw error
    }
    const message = decodeMessage({ kind: input[0] ?? 0, body: input.subarray(1) })
    if (message.kind === 'request' && decodeIndices(message.blocks, 29_000, 64).length > 64)
      throw new Error('more indices than asked for')
  },
}
