/** Any bytes as a session snapshot: refused with a typed error, or written again as they are. Then it must be usable. */
import { equalBytes } from '@hyphae/core'
import { decodeSession, decryptFrame, encodeSession, encryptFrame, expectedTags } from '../src/index.js'
import { fuzzWorld } from './support/world.js'

const { crypto, frames } = fuzzWorld()

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'snapshot',
  run(input) {
    const session = decodeSession(crypto, input)
    if (!equalBytes(encodeSession(session), input)) throw new Error('the snapshot is not canonical')
    expectedTags(session, crypto)
    for (const frame of frames) decryptFrame(crypto, session, frame, { forward: 32 })
    encryptFrame(crypto, session, { body: Uint8Array.of(1), size: 128 })
  },
}
