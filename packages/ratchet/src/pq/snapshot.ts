/**
 * Stored form of the post-quantum ratchet, inside the session's (spec/session.md, "Snapshots"). Holds secrets.
 *
 *   epoch u32 | healed u48 | messages u16 | silent u16 | kind u4, flags u4: 1 spoke | key 32 | root 32
 *   0 resting
 *   1 offering    seed 64 | encapsulation key 1184 | header 64 | progress | ct1 | ct2
 *   2 moved       next key 32
 *   3 awaiting    header | vector
 *   4 answering   next key 32 | ct1 960 | progress | 0 | random 32 | header 64 | vector
 *                                                  | 1 | ct2 128
 *   progress      acknowledged u8 | next index u8 × 2
 *   ct1, ct2, header, vector, as collected: count u8 | index u8 × count | chunk 16 × count, or 255 | value
 */
import { mlKem768 } from '@hyphae/crypto/kem'
import { type ByteReader, type ByteWriter, byteReader, byteWriter } from '../bytes.js'
import { RatchetError } from '../errors.js'
import { MAX_PQ_COUNT, MAX_PQ_SNAPSHOT_BYTES } from '../limits.js'
import type { SessionRole } from '../role.js'
import { CHUNK_BYTES, type Collected, chunksOf } from './erasure.js'
import { CT1_BYTES, CT2_BYTES, HEADER_BYTES, joinKey, RANDOM_BYTES, VECTOR_BYTES } from './incremental.js'
import { type Answering, type Exchange, type Offering, offers, type PqState, type Progress } from './state.js'

const KINDS = ['resting', 'offering', 'moved', 'awaiting', 'answering'] as const
const FLAG_SPOKE = 1
const WHOLE = 0xff
const SEED_BYTES = 64

export function encodePq(state: PqState): Uint8Array {
  const { exchange } = state
  const writer = byteWriter(MAX_PQ_SNAPSHOT_BYTES)
    .u32(state.epoch)
    .time(state.healedAt)
    .u16(state.messages)
    .u16(state.silent)
    .u8((KINDS.indexOf(exchange.kind) << 4) | (state.spoke ? FLAG_SPOKE : 0))
    .bytes(state.key)
    .bytes(state.root)
  if (state.next !== null) writer.bytes(state.next)
  if (exchange.kind === 'offering') writeOffering(writer, exchange)
  if (exchange.kind === 'answering') writeAnswering(writer, exchange)
  if (exchange.kind === 'awaiting') for (const part of exchange.collected) writeCollected(writer, part)
  return writer.done()
}

/** Accepts only what encodePq writes. @throws RatchetError `ratchet/bad-snapshot` */
export function decodePq(role: SessionRole, bytes: Uint8Array): PqState {
  const reader = byteReader(bytes, 'ratchet/bad-snapshot')
  const epoch = reader.u32()
  const healedAt = reader.time()
  const messages = readCount(reader)
  const silent = readCount(reader)
  const head = reader.u8()
  const kind = KINDS[head >>> 4]
  const flags = head & 0xf
  if (kind === undefined || flags > FLAG_SPOKE) return refuse('kind', head)
  const ours = kind === 'resting' || kind === 'offering' || kind === 'moved'
  if (ours !== offers(role, epoch + 1)) refuse('epoch', epoch)
  const key = reader.bytes(32)
  const root = reader.bytes(32)
  const next = kind === 'moved' || kind === 'answering' ? reader.bytes(32) : null
  const exchange = readExchange(reader, kind)
  reader.end()
  const spoke = flags === FLAG_SPOKE
  return { role, epoch, key, root, next, exchange, messages, silent, spoke, healedAt }
}

function refuse(name: string, value: number): never {
  throw new RatchetError('ratchet/bad-snapshot', { details: { [name]: value } })
}

function readCount(reader: ByteReader): number {
  const count = reader.u16()
  return count > MAX_PQ_COUNT ? refuse('count', count) : count
}

function readExchange(reader: ByteReader, kind: Exchange['kind']): Exchange {
  switch (kind) {
    case 'resting':
    case 'moved':
      return { kind }
    case 'offering':
      return readOffering(reader)
    case 'awaiting': {
      const header = readCollected(reader, HEADER_BYTES)
      const vector = readCollected(reader, VECTOR_BYTES)
      checkKey(header, vector)
      return { kind, collected: [header, vector] }
    }
    case 'answering':
      return readAnswering(reader)
  }
}

function writeOffering(writer: ByteWriter, offering: Offering): void {
  writer.bytes(mlKem768.exportSeed(offering.privateKey)).bytes(offering.publicKey).bytes(offering.header)
  writeProgress(writer, offering)
  for (const part of offering.collected) writeCollected(writer, part)
}

function readOffering(reader: ByteReader): Offering {
  const privateKey = mlKem768.importSeed(reader.bytes(SEED_BYTES))
  const publicKey = reader.bytes(mlKem768.publicKeyBytes)
  const header = reader.bytes(HEADER_BYTES)
  const progress = readProgress(reader)
  const collected = [readCollected(reader, CT1_BYTES), readCollected(reader, CT2_BYTES)] as const
  return { kind: 'offering', privateKey, publicKey, header, ...progress, collected }
}

function writeAnswering(writer: ByteWriter, answering: Answering): void {
  writer.bytes(answering.ct1)
  writeProgress(writer, answering)
  const { rest } = answering
  if (rest.kind === 'made') {
    writer.u8(1).bytes(rest.ct2)
    return
  }
  writer.u8(0).bytes(rest.pending.random).bytes(rest.pending.header)
  writeCollected(writer, rest.pending.vector)
}

function readAnswering(reader: ByteReader): Answering {
  const ct1 = reader.bytes(CT1_BYTES)
  const progress = readProgress(reader)
  const made = reader.u8()
  if (made > 1) refuse('made', made)
  if (made === 1)
    return { kind: 'answering', ct1, ...progress, rest: { kind: 'made', ct2: reader.bytes(CT2_BYTES) } }
  const random = reader.bytes(RANDOM_BYTES)
  const header = reader.bytes(HEADER_BYTES)
  const vector = readCollected(reader, VECTOR_BYTES)
  checkKey({ kind: 'whole', value: header }, vector)
  return {
    kind: 'answering',
    ct1,
    ...progress,
    rest: { kind: 'pending', pending: { random, header, vector } },
  }
}

function writeProgress(writer: ByteWriter, { acked, cursors }: Progress): void {
  writer.u8(acked).u8(cursors[0]).u8(cursors[1])
}

function readProgress(reader: ByteReader): Progress {
  const acked = reader.u8()
  if (acked > 3) refuse('acked', acked)
  return { acked, cursors: [reader.u8(), reader.u8()] }
}

function writeCollected(writer: ByteWriter, collected: Collected): void {
  if (collected.kind === 'whole') writer.u8(WHOLE).bytes(collected.value)
  else writer.u8(collected.indices.length).bytes(collected.indices).bytes(collected.data)
}

function readCollected(reader: ByteReader, length: number): Collected {
  const count = reader.u8()
  if (count === WHOLE) return { kind: 'whole', value: reader.bytes(length) }
  if (count >= chunksOf(length)) refuse('chunks', count)
  const indices = reader.bytes(count)
  if (new Set(indices).size !== count) refuse('chunks', count)
  return { kind: 'partial', indices, data: reader.bytes(count * CHUNK_BYTES) }
}

function checkKey(header: Collected, vector: Collected): void {
  if (header.kind !== 'whole' || vector.kind !== 'whole') return
  if (joinKey(header.value, vector.value) === null) refuse('header', HEADER_BYTES)
}
