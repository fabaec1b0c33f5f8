/**
 * A message of the post-quantum ratchet, field 5 of a Signal message.
 *
 *   01 ‖ varint epoch ‖ varint index ‖ type ‖ [varint chunk index ‖ chunk 32]
 *
 * `epoch` is the key exchange that is going on, `index` the number of the message key in its chain. Another version
 * is refused: nobody can talk a session into going without.
 */
import { concatBytes } from '@hyphae/core'
import { SignalError } from '../errors.js'
import { SIGNAL_MAX_COUNTER, SIGNAL_MAX_EPOCH } from '../limits.js'
import { readVarint, varint } from '../protobuf.js'
import { CHUNK_BYTES, CHUNK_INDICES, type Chunk } from './erasure.js'

const VERSION = 1
const CODE = 'ratchet/signal-bad-post-quantum'
/** In order of their numbers on the wire. */
const KINDS = ['none', 'header', 'ek', 'ek-ct1-ack', 'ct1-ack', 'ct1', 'ct2'] as const
export type PayloadKind = (typeof KINDS)[number]

/** What a message carries of the exchange. */
export type Payload =
  | { readonly kind: 'none' | 'ct1-ack' }
  | { readonly kind: 'header' | 'ek' | 'ek-ct1-ack' | 'ct1' | 'ct2'; readonly chunk: Chunk }

export interface PqMessage {
  readonly epoch: number
  readonly index: number
  readonly payload: Payload
}

export function encodePqMessage({ epoch, index, payload }: PqMessage): Uint8Array {
  const parts = [
    Uint8Array.of(VERSION),
    varint(epoch),
    varint(index),
    Uint8Array.of(KINDS.indexOf(payload.kind)),
  ]
  if ('chunk' in payload) parts.push(varint(payload.chunk.index), payload.chunk.data)
  return concatBytes(...parts)
}

/** @throws SignalError `ratchet/signal-unsupported-version`, `ratchet/signal-bad-post-quantum` */
export function decodePqMessage(input: Uint8Array): PqMessage {
  const version = input[0] ?? 0
  if (version !== VERSION) {
    throw new SignalError('ratchet/signal-unsupported-version', { details: { pqVersion: version } })
  }
  const epoch = readVarint(input, 1, SIGNAL_MAX_EPOCH, CODE)
  const index = readVarint(input, epoch.next, SIGNAL_MAX_COUNTER, CODE)
  if (epoch.value === 0 || index.value === 0) throw new SignalError(CODE, { details: { part: 'number' } })
  const kind = KINDS[input[index.next] ?? KINDS.length]
  const payload = readPayload(input, index.next + 1, kind)
  return { epoch: epoch.value, index: index.value, payload }
}

function readPayload(input: Uint8Array, offset: number, kind: PayloadKind | undefined): Payload {
  if (kind === undefined) throw new SignalError(CODE, { details: { part: 'type' } })
  if (kind === 'none' || kind === 'ct1-ack') {
    if (input.length !== offset) throw new SignalError(CODE, { details: { length: input.length } })
    return { kind }
  }
  const index = readVarint(input, offset, CHUNK_INDICES - 1, CODE)
  if (input.length !== index.next + CHUNK_BYTES)
    throw new SignalError(CODE, { details: { length: input.length } })
  const data = Uint8Array.prototype.slice.call(input, index.next)
  return { kind, chunk: { index: index.value, data } }
}
