/** Any bytes as a frame: nobody's, a typed error, or exactly one that was sent; the session stays as it is. */
import { equalBytes } from '@hyphae/core'
import { decryptFrame, encodeSession } from '../src/index.js'
import { fuzzWorld } from './support/world.js'

const { crypto, session, frames } = fuzzWorld()
const before = encodeSession(session)

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'frame',
  run(input) {
    const opened = decryptFrame(crypto, session, input)
    if (!equalBytes(encodeSession(session), before)) throw new Error('the session was changed in place')
    if (opened !== null && !frames.some((frame) => equalBytes(frame, input))) {
      throw new Error('a forged frame opened')
    }
  },
}
