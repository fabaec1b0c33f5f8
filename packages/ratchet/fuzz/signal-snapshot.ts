/** Any bytes as the snapshot of a Signal session: refused with a typed error, or canonical and usable. */
import { equalBytes, isHyphaeError } from '@hyphae/core'
import { decodeSignalSession, decryptSignal, encodeSignalSession, encryptSignal } from '../src/signal.js'
import { signalFuzzWorld } from './support/signal-world.js'

const { crypto, moments } = signalFuzzWorld()
const messages = Object.values(moments).map(({ message }) => message)

/** Nonsense in a field that only a message can show to be nonsense: a typed error is right. */
function typed(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!isHyphaeError(error)) throw error
  }
}

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'signal-snapshot',
  run(input) {
    const session = decodeSignalSession(crypto, input)
    if (!equalBytes(encodeSignalSession(crypto, session), input))
      throw new Error('the snapshot is not canonical')
    for (const message of messages) typed(() => decryptSignal(crypto, session, message))
    typed(() => encryptSignal(crypto, session, Uint8Array.of(1)))
  },
}
