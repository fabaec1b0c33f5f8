/** One receiving chain: the seed of a message, in order or late (Double Ratchet section 3.5). */
import type { CryptoProvider } from '@hyphae/crypto'
import { SignalError } from './errors.js'
import { chainStep } from './kdf.js'
import { SIGNAL_MAX_SKIPPED } from './limits.js'
import type { ReceivingChain, SkippedSeed } from './session.js'

export interface TakenSeed {
  readonly chain: ReceivingChain
  readonly seed: Uint8Array
}

/**
 * The seed of message `counter`, at most `forward` messages past the next one.
 * @throws SignalError `ratchet/signal-duplicate`, `ratchet/signal-too-far-ahead`
 */
export function takeSeed(
  crypto: CryptoProvider,
  chain: ReceivingChain,
  counter: number,
  forward: number,
): TakenSeed {
  return counter < chain.counter ? takeSkipped(chain, counter) : skipTo(crypto, chain, counter, forward)
}

function takeSkipped(chain: ReceivingChain, counter: number): TakenSeed {
  const found = chain.skipped.find((each) => each.counter === counter)
  if (found === undefined) throw new SignalError('ratchet/signal-duplicate', { details: { counter } })
  return { chain: { ...chain, skipped: chain.skipped.filter((each) => each !== found) }, seed: found.seed }
}

function skipTo(crypto: CryptoProvider, chain: ReceivingChain, counter: number, forward: number): TakenSeed {
  const jump = counter - chain.counter
  if (jump > forward) {
    throw new SignalError('ratchet/signal-too-far-ahead', { details: { jump, max: forward } })
  }
  const skipped: SkippedSeed[] = []
  let step = chainStep(crypto, chain.chainKey)
  for (let at = chain.counter; at < counter; at++) {
    if (counter - at <= SIGNAL_MAX_SKIPPED) skipped.push({ counter: at, seed: step.seed })
    step = chainStep(crypto, step.chainKey)
  }
  const all = skipped.length === 0 ? chain.skipped : [...chain.skipped, ...skipped]
  const next = {
    ...chain,
    chainKey: step.chainKey,
    counter: counter + 1,
    skipped: all.slice(-SIGNAL_MAX_SKIPPED),
  }
  return { chain: next, seed: step.seed }
}
