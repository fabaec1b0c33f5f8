/** Fuzz target: any text as a handle, and any bytes as a handle id. What is accepted is canonical. */
import { equalBytes } from '@hyphae/core'
import { handleFromId, handleId, normalizeHandle } from '../src/index.js'
import type { FuzzTarget } from './target.js'

export const target: FuzzTarget = {
  name: 'handle',
  run(input) {
    if (input.length === 32) {
      const handle = handleFromId(input)
      if (handle !== null && !equalBytes(handleId(handle), input))
        throw new Error('accepted a second encoding')
      return
    }
    const handle = normalizeHandle(new TextDecoder().decode(input))
    if (normalizeHandle(handle) !== handle) throw new Error('not canonical')
  },
}
