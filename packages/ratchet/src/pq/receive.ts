/**
 * Receiving in the post-quantum ratchet (spec/session.md, "Post-quantum ratchet"): collects what an authentic frame
 * carries and follows the peer into its epoch. Computes no key; that is done when something is sent.
 */
import { RatchetError } from '../errors.js'
import { MAX_PQ_COUNT } from '../limits.js'
import type { PqReceiveInput } from '../post-quantum.js'
import { type Collected, chunksOf, collect } from './erasure.js'
import { CT1_BYTES, CT2_BYTES, HEADER_BYTES, joinKey, VECTOR_BYTES } from './incremental.js'
import { decodeMessage, type PqMessage } from './message.js'
import { type Answering, type Exchange, freshExchange, type PqState } from './state.js'

type Pair = readonly [Collected, Collected]

/** @throws RatchetError `ratchet/bad-frame` on what no honest peer sends; then nothing changes */
export function receivePq(state: PqState, input: PqReceiveInput): PqState {
  const message = decodeMessage(input.padding)
  const followed = follow(state, input)
  // A late frame speaks of an exchange that is over; one of the current epoch, of the exchange under way.
  const current = input.epoch === followed.epoch && followed.exchange.kind !== 'moved'
  const exchange = current ? apply(followed.exchange, message) : followed.exchange
  const messages = Math.min(followed.messages + 1, MAX_PQ_COUNT)
  if (followed !== state || exchange !== state.exchange) {
    return { ...followed, exchange, messages, silent: 0, spoke: false }
  }
  const waits = state.spoke && waitsForPeer(exchange)
  return { ...state, messages, silent: waits ? Math.min(state.silent + 1, MAX_PQ_COUNT) : state.silent }
}

/** With the header of an offer it is our turn. */
function waitsForPeer(exchange: Exchange): boolean {
  return exchange.kind === 'awaiting' ? exchange.collected[0].kind === 'partial' : exchange.kind !== 'resting'
}

/** The peer sends under the next epoch: so it has its key, and the old one has served. */
function follow(state: PqState, { epoch, now }: PqReceiveInput): PqState {
  if (epoch !== state.epoch + 1 || state.next === null) return state
  return {
    ...state,
    epoch,
    key: state.next,
    next: null,
    exchange: freshExchange(state.role, epoch),
    messages: 0,
    healedAt: now,
  }
}

/** The same object when nothing is new. */
function apply(exchange: Exchange, message: PqMessage): Exchange {
  switch (exchange.kind) {
    case 'offering': {
      const collected = collectAll(exchange.collected, [CT1_BYTES, CT2_BYTES], message)
      const acked = exchange.acked | message.acks
      const same = collected === exchange.collected && acked === exchange.acked
      return same ? exchange : { ...exchange, collected, acked }
    }
    case 'awaiting': {
      const collected = collectAll(exchange.collected, [HEADER_BYTES, VECTOR_BYTES], message)
      if (collected === exchange.collected) return exchange
      checkKey(collected)
      return { ...exchange, collected }
    }
    case 'answering':
      return applyAnswering(exchange, message)
    default:
      return exchange
  }
}

function applyAnswering(exchange: Answering, message: PqMessage): Exchange {
  const acked = exchange.acked | message.acks
  const acknowledged = acked === exchange.acked ? exchange : { ...exchange, acked }
  if (exchange.rest.kind === 'made') return acknowledged
  const { pending } = exchange.rest
  const header: Collected = { kind: 'whole', value: pending.header }
  const before: Pair = [header, pending.vector]
  const collected = collectAll(before, [HEADER_BYTES, VECTOR_BYTES], message)
  if (collected === before) return acknowledged
  checkKey(collected)
  return { ...exchange, acked, rest: { kind: 'pending', pending: { ...pending, vector: collected[1] } } }
}

/** The same pair when nothing is new. */
function collectAll(pair: Pair, lengths: readonly [number, number], { runs }: PqMessage): Pair {
  let [first, second] = pair
  for (const run of runs) {
    if (run.value === 0) first = collect(first, chunksOf(lengths[0]), run)
    else second = collect(second, chunksOf(lengths[1]), run)
  }
  return first === pair[0] && second === pair[1] ? pair : [first, second]
}

/** Header and vector must be of one acceptable key. */
function checkKey([header, vector]: Pair): void {
  if (header.kind !== 'whole' || vector.kind !== 'whole') return
  if (joinKey(header.value, vector.value) === null) {
    throw new RatchetError('ratchet/bad-frame', { details: { part: 'encapsulation key' } })
  }
}
