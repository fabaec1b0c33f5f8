/** Any bytes as the snapshot of a suite 2 session: refused with a typed error, or canonical and usable. */
import { equalBytes } from '@hyphae/core'
import { decodeSession, decryptFrame, encodeSession, encryptFrame, sessionHealth } from '../src/index.js'
import { postQuantum } from '../src/pq.js'
import { pqFuzzWorld } from './support/pq-world.js'

const { crypto, frames } = pqFuzzWorld()

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'pq-snapshot',
  run(input) {
    const session = decodeSession(crypto, input, { pq: postQuantum })
    if (!equalBytes(encodeSession(session), input)) throw new Error('the snapshot is not canonical')
    sessionHealth(session)
    for (const frame of frames) decryptFrame(crypto, session, frame, { forward: 32 })
    encryptFrame(crypto, session, { body: Uint8Array.of(1), size: 2048 })
  },
}
