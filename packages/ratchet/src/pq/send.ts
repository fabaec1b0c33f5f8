/**
 * Sending in the post-quantum ratchet (spec/session.md, "Post-quantum ratchet").
 *
 *   PRe ‖ PKe = HKDF-SHA256(KEM secret, PRe₋₁, pq-epoch label ‖ T ‖ e u32 ‖ header, 64)
 *
 * All key encapsulation happens here and none on receipt: whoever only reads draws no randomness, and a frame from
 * outside costs no lattice work.
 */
import { concatBytes } from '@hyphae/core'
import type { SessionCrypto } from '@hyphae/crypto'
import { mlKem768 } from '@hyphae/crypto/kem'
import { RatchetError } from '../errors.js'
import { PQ_EPOCH_LABEL } from '../labels.js'
import { MAX_PQ_COUNT, MAX_PQ_EPOCH, PARITY_CHUNKS, PQ_INTERVAL, REPEAT_FRAMES } from '../limits.js'
import type { PqSendInput, PqSent } from '../post-quantum.js'
import { CHUNK_BYTES, CHUNK_INDICES, chunksOf, encodeChunks, NOTHING } from './erasure.js'
import {
  CT1_BYTES,
  encapsulateFirst,
  encapsulateSecond,
  headerOf,
  joinKey,
  RANDOM_BYTES,
  VECTOR_BYTES,
} from './incremental.js'
import { encodeMessage, MESSAGE_BYTES, MIN_CHUNK_ROOM, RUN_BYTES, type Run } from './message.js'
import {
  type Answering,
  type Awaiting,
  type Exchange,
  NO_PROGRESS,
  type Offering,
  type PqState,
} from './state.js'

/** The state after one more frame, and what the frame carries. */
export function sendPq(crypto: SessionCrypto, state: PqState, input: PqSendInput): PqSent {
  const stepped = step(crypto, state, input)
  const { exchange, padding } = write(stepped.exchange, input.room)
  const messages = Math.min(state.messages + 1, MAX_PQ_COUNT)
  const moved = exchange.kind === 'moved' && stepped.next !== null
  return {
    state: {
      ...stepped,
      exchange,
      messages,
      spoke: state.spoke || padding.length > 0 || owesNothing(exchange),
    },
    epoch: moved ? state.epoch + 1 : state.epoch,
    key: moved ? (stepped.next as Uint8Array) : stepped.key,
    padding,
  }
}

/** Nothing of ours is missing: a frame that is full holds nothing up. */
function owesNothing(exchange: Exchange): boolean {
  return exchange.kind === 'moved' || (exchange.kind === 'awaiting' && acksOf(exchange) === 0)
}

/** What has become possible since the last frame. */
function step(crypto: SessionCrypto, state: PqState, input: PqSendInput): PqState {
  const { exchange } = state
  switch (exchange.kind) {
    case 'resting':
      return mayOffer(state, input.room) ? { ...state, exchange: offer(crypto) } : state
    case 'offering':
      return move(crypto, state, exchange, input)
    case 'awaiting':
      return input.room < MIN_CHUNK_ROOM ? state : answer(crypto, state, exchange, input)
    case 'answering':
      return { ...state, exchange: finish(exchange) }
    case 'moved':
      return state
  }
}

/** Sparse: the work of an epoch is spread over PQ_INTERVAL messages. */
function mayOffer(state: PqState, room: number): boolean {
  return state.messages >= PQ_INTERVAL && state.epoch < MAX_PQ_EPOCH && room >= MIN_CHUNK_ROOM
}

function offer(crypto: SessionCrypto): Offering {
  const { publicKey, privateKey } = mlKem768.generate(crypto)
  const header = headerOf(publicKey)
  return { kind: 'offering', privateKey, publicKey, header, collected: [NOTHING, NOTHING], ...NO_PROGRESS }
}

/** With the whole ciphertext: the new epoch's key. The peer has had it since it answered. */
function move(crypto: SessionCrypto, state: PqState, offering: Offering, input: PqSendInput): PqState {
  const [ct1, ct2] = offering.collected
  if (ct1.kind !== 'whole' || ct2.kind !== 'whole') return state
  const secret = mlKem768.decapsulate(offering.privateKey, concatBytes(ct1.value, ct2.value))
  return {
    ...state,
    ...nextEpoch(crypto, state, secret, offering.header, input),
    exchange: { kind: 'moved' },
  }
}

/** With the header alone the first part is made at once; with the vector too, everything. */
function answer(crypto: SessionCrypto, state: PqState, awaiting: Awaiting, input: PqSendInput): PqState {
  const [head, vector] = awaiting.collected
  if (head.kind !== 'whole') return state
  const header = head.value
  const random = crypto.randomBytes(RANDOM_BYTES)
  if (vector.kind === 'whole') {
    const { ciphertext, secret } = mlKem768.unsafeEncapsulate(keyOf(header, vector.value), random)
    const ct1 = ciphertext.slice(0, CT1_BYTES)
    const rest = { kind: 'made', ct2: ciphertext.slice(CT1_BYTES) } as const
    const exchange: Answering = { kind: 'answering', ct1, rest, ...NO_PROGRESS }
    return { ...state, ...nextEpoch(crypto, state, secret, header, input), exchange }
  }
  const { ct1, secret } = encapsulateFirst(header, random)
  const rest = { kind: 'pending', pending: { random, header, vector } } as const
  const exchange: Answering = { kind: 'answering', ct1, rest, ...NO_PROGRESS }
  return { ...state, ...nextEpoch(crypto, state, secret, header, input), exchange }
}

/** The second part, as soon as the vector is there; then the randomness is forgotten. */
function finish(answering: Answering): Answering {
  if (answering.rest.kind === 'made') return answering
  const { random, header, vector } = answering.rest.pending
  if (vector.kind !== 'whole') return answering
  const ct2 = encapsulateSecond(keyOf(header, vector.value), random, answering.ct1)
  return { ...answering, rest: { kind: 'made', ct2 } }
}

/** Checked on receipt and when a snapshot is read. */
function keyOf(header: Uint8Array, vector: Uint8Array): Uint8Array {
  const publicKey = joinKey(header, vector)
  if (publicKey === null) throw new RatchetError('ratchet/bad-snapshot', { details: { part: 'header' } })
  return publicKey
}

/** `secret` is overwritten. */
function nextEpoch(
  crypto: SessionCrypto,
  state: PqState,
  secret: Uint8Array,
  header: Uint8Array,
  { transcript }: PqSendInput,
): Pick<PqState, 'root' | 'next'> {
  const epoch = state.epoch + 1
  const number = Uint8Array.of(epoch, epoch >>> 8, epoch >>> 16, epoch >>> 24)
  const info = concatBytes(PQ_EPOCH_LABEL, transcript, number, header)
  const output = crypto.hkdfSha256(secret, state.root, info, 64)
  secret.fill(0)
  return { root: output.slice(0, 32), next: output.slice(32) }
}

interface Written {
  readonly exchange: Exchange
  readonly padding: Uint8Array
}

const SILENCE: Uint8Array = new Uint8Array(0)

function write(exchange: Exchange, room: number): Written {
  if (room < MESSAGE_BYTES || exchange.kind === 'resting' || exchange.kind === 'moved') {
    return { exchange, padding: SILENCE }
  }
  const acks = acksOf(exchange)
  if (exchange.kind === 'awaiting') return { exchange, padding: encodeMessage({ acks, runs: [] }) }
  const { runs, cursors } = plan(exchange, valuesOf(exchange), room - MESSAGE_BYTES)
  return { exchange: { ...exchange, cursors }, padding: encodeMessage({ acks, runs }) }
}

/** Which of the peer's values are complete. */
function acksOf(exchange: Offering | Awaiting | Answering): number {
  if (exchange.kind === 'answering') return exchange.rest.kind === 'made' ? 3 : 1
  const [first, second] = exchange.collected
  return (first.kind === 'whole' ? 1 : 0) | (second.kind === 'whole' ? 2 : 0)
}

function valuesOf(exchange: Offering | Answering): readonly (Uint8Array | null)[] {
  if (exchange.kind === 'offering') return [exchange.header, exchange.publicKey.subarray(0, VECTOR_BYTES)]
  return [exchange.ct1, exchange.rest.kind === 'made' ? exchange.rest.ct2 : null]
}

interface Plan {
  readonly runs: readonly Run[]
  readonly cursors: readonly [number, number]
}

/** Fills the room with what the peer does not have yet, the first value first. */
function plan(exchange: Offering | Answering, values: readonly (Uint8Array | null)[], room: number): Plan {
  const runs: Run[] = []
  const cursors: [number, number] = [...exchange.cursors]
  let left = room
  for (const index of [0, 1] as const) {
    const value = values[index] ?? null
    const fits = Math.floor((left - RUN_BYTES) / CHUNK_BYTES)
    if (value === null || (exchange.acked & (1 << index)) !== 0 || fits <= 0) continue
    const { first, count } = nextChunks(chunksOf(value.length), cursors[index], fits)
    runs.push({ value: index, first, data: encodeChunks(value, first, count) })
    cursors[index] = (first + count) % CHUNK_INDICES
    left -= RUN_BYTES + count * CHUNK_BYTES
  }
  return { runs, cursors }
}

/**
 * Of a value of k chunks: all of it where it fits, because then one frame suffices; the next of its own chunks where
 * a few frames hold them, over and over; else its own chunks once, and after them parity, of which any will do. Parity
 * is dear, k multiplications a byte, and what repeated frames lose by it is little.
 */
function nextChunks(k: number, cursor: number, fits: number): { first: number; count: number } {
  if (fits >= k) return { first: 0, count: k }
  const first = fits * REPEAT_FRAMES >= k && cursor >= k ? 0 : cursor
  if (first < k) return { first, count: Math.min(fits, k - first) }
  return { first, count: Math.min(fits, PARITY_CHUNKS, CHUNK_INDICES - first) }
}
