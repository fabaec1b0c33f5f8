/**
 * The post-quantum ratchet in storage (spec/signal.md, "Snapshot"). Every field of a state in the order of its type;
 * encoder and decoder side by side. Lengths are fixed by the state's kind, so only lists carry counts.
 */
import type { StateReader, StateWriter } from '../codec.js'
import { SIGNAL_MAX_COUNTER, SIGNAL_MAX_EPOCH, SIGNAL_MAX_SKIPPED } from '../limits.js'
import { MAC_BYTES } from './authenticator.js'
import type { BraidState } from './braid-state.js'
import type { EpochChains, PqChain, PqChains } from './chains.js'
import { CHUNK_BYTES, CHUNK_INDICES, type Decoder, decoderOf, type Encoder } from './erasure.js'
import { CT1_BYTES, CT2_BYTES, HEADER_BYTES, RANDOMNESS_BYTES, SEED_BYTES, VECTOR_BYTES } from './mlkem.js'
import type { PqRatchet } from './ratchet.js'

/** The one sent in, the one before it, the one just agreed on, and one to spare. */
const MAX_EPOCHS = 4
/** In order of their numbers in storage. */
const KINDS = [
  'keys-unsampled',
  'keys-sampled',
  'header-sent',
  'ct1-received',
  'ek-sent-ct1-received',
  'no-header-received',
  'header-received',
  'ct1-sampled',
  'ek-received-ct1-sampled',
  'ct1-acknowledged',
  'ct2-sampled',
] as const satisfies readonly BraidState['kind'][]
/** The first five are of the side whose key it is. */
const KEY_KINDS = 5

export function writePqRatchet(writer: StateWriter, { braid, chains }: PqRatchet): void {
  writeBraid(writer, braid)
  writeChains(writer, chains)
}

export function readPqRatchet(reader: StateReader): PqRatchet {
  const braid = readBraid(reader)
  const chains = readChains(reader)
  // Keys come from the epoch before the one that is being agreed on.
  if (!chains.epochs.some(({ epoch }) => epoch === braid.epoch - 1)) throw reader.bad('epoch')
  // The initiator makes the keys of the odd epochs.
  const makesKey = KINDS.indexOf(braid.kind) < KEY_KINDS
  if (makesKey !== (chains.initiator === (braid.epoch % 2 === 1))) throw reader.bad('initiator')
  return { braid, chains }
}

function writeBraid(writer: StateWriter, state: BraidState): void {
  const { epoch, authenticator } = state
  writer.number(KINDS.indexOf(state.kind)).number(epoch).fixed(authenticator.root).fixed(authenticator.macKey)
  if ('seed' in state) writer.fixed(state.seed)
  if ('randomness' in state) writer.fixed(state.header).fixed(state.randomness)
  switch (state.kind) {
    case 'keys-sampled':
      writeEncoder(writer, state.header)
      break
    case 'header-sent':
      writeEncoder(writer, state.vector)
      writeDecoder(writer, state.ct1)
      break
    case 'ct1-received':
      writeEncoder(writer, state.vector)
      writer.fixed(state.ct1)
      break
    case 'ek-sent-ct1-received':
      writer.fixed(state.ct1)
      writeDecoder(writer, state.ct2)
      break
    case 'no-header-received':
      writeDecoder(writer, state.headerDecoder)
      break
    case 'header-received':
      writer.fixed(state.header)
      break
    case 'ct1-sampled':
      writeEncoder(writer, state.ct1)
      writeDecoder(writer, state.vector)
      break
    case 'ek-received-ct1-sampled':
      writeEncoder(writer, state.ct1)
      writer.fixed(state.vector)
      break
    case 'ct1-acknowledged':
      writer.fixed(state.ct1)
      writeDecoder(writer, state.vector)
      break
    case 'ct2-sampled':
      writeEncoder(writer, state.ct2)
  }
}

function readBraid(reader: StateReader): BraidState {
  const kind = KINDS[reader.number(KINDS.length - 1)]
  const epoch = reader.number(SIGNAL_MAX_EPOCH)
  const authenticator = { root: reader.fixed(32), macKey: reader.fixed(32) }
  const common = { epoch, authenticator }
  switch (kind) {
    case 'keys-unsampled':
      return { kind, ...common }
    case 'no-header-received':
      return { kind, ...common, headerDecoder: readDecoder(reader, HEADER_BYTES + MAC_BYTES) }
    case 'header-received':
      return { kind, ...common, header: reader.fixed(HEADER_BYTES) }
    case 'ct2-sampled':
      return { kind, ...common, ct2: readEncoder(reader, CT2_BYTES + MAC_BYTES) }
    case 'ct1-sampled':
    case 'ek-received-ct1-sampled':
    case 'ct1-acknowledged':
      return readEncapsulating(reader, kind, common)
    case undefined:
      throw reader.bad('kind')
    default:
      return readKeyHolder(reader, kind, common)
  }
}

type Common = Pick<BraidState, 'epoch' | 'authenticator'>
type HolderKind = 'keys-sampled' | 'header-sent' | 'ct1-received' | 'ek-sent-ct1-received'
type EncapsulatingKind = 'ct1-sampled' | 'ek-received-ct1-sampled' | 'ct1-acknowledged'

function readKeyHolder(reader: StateReader, kind: HolderKind, before: Common): BraidState {
  const common = { ...before, seed: reader.fixed(SEED_BYTES) }
  switch (kind) {
    case 'keys-sampled':
      return { kind, ...common, header: readEncoder(reader, HEADER_BYTES + MAC_BYTES) }
    case 'header-sent': {
      const vector = readEncoder(reader, VECTOR_BYTES)
      return { kind, ...common, vector, ct1: readDecoder(reader, CT1_BYTES) }
    }
    case 'ct1-received': {
      const vector = readEncoder(reader, VECTOR_BYTES)
      return { kind, ...common, vector, ct1: reader.fixed(CT1_BYTES) }
    }
    case 'ek-sent-ct1-received': {
      const ct1 = reader.fixed(CT1_BYTES)
      return { kind, ...common, ct1, ct2: readDecoder(reader, CT2_BYTES + MAC_BYTES) }
    }
  }
}

function readEncapsulating(reader: StateReader, kind: EncapsulatingKind, before: Common): BraidState {
  const header = reader.fixed(HEADER_BYTES)
  const common = { ...before, header, randomness: reader.fixed(RANDOMNESS_BYTES) }
  switch (kind) {
    case 'ct1-sampled': {
      const ct1 = readEncoder(reader, CT1_BYTES)
      return { kind, ...common, ct1, vector: readDecoder(reader, VECTOR_BYTES) }
    }
    case 'ek-received-ct1-sampled': {
      const ct1 = readEncoder(reader, CT1_BYTES)
      return { kind, ...common, ct1, vector: reader.fixed(VECTOR_BYTES) }
    }
    case 'ct1-acknowledged': {
      const ct1 = reader.fixed(CT1_BYTES)
      return { kind, ...common, ct1, vector: readDecoder(reader, VECTOR_BYTES) }
    }
  }
}

function writeEncoder(writer: StateWriter, { value, next }: Encoder): void {
  writer.fixed(value).number(next)
}

function readEncoder(reader: StateReader, length: number): Encoder {
  return { value: reader.fixed(length), next: reader.number(CHUNK_INDICES - 1) }
}

function writeDecoder(writer: StateWriter, { chunks }: Decoder): void {
  writer.list(chunks, ({ index, data }) => writer.number(index).fixed(data))
}

function readDecoder(reader: StateReader, bytes: number): Decoder {
  const { needed } = decoderOf(bytes)
  const chunks = reader.list(needed - 1, () => ({
    index: reader.number(CHUNK_INDICES - 1),
    data: reader.fixed(CHUNK_BYTES),
  }))
  if (new Set(chunks.map(({ index }) => index)).size !== chunks.length) throw reader.bad('chunks')
  return { needed, chunks }
}

function writeChains(writer: StateWriter, { initiator, rootKey, epochs }: PqChains): void {
  writer.number(initiator ? 1 : 0).fixed(rootKey)
  writer.list(epochs, ({ epoch, sending, receiving, skipped }) => {
    writer.number(epoch)
    for (const { chainKey, counter } of [sending, receiving]) writer.fixed(chainKey).number(counter)
    writer.list(skipped, ({ counter, key }) => writer.number(counter).fixed(key))
  })
}

function readChains(reader: StateReader): PqChains {
  const initiator = reader.number(1) === 1
  const rootKey = reader.fixed(32)
  const epochs = reader.list(MAX_EPOCHS, () => readEpoch(reader))
  const first = epochs[0]
  if (first === undefined || epochs.some(({ epoch }, i) => epoch !== first.epoch + i))
    throw reader.bad('epochs')
  return { initiator, rootKey, epochs }
}

function readEpoch(reader: StateReader): EpochChains {
  const chain = (): PqChain => ({ chainKey: reader.fixed(32), counter: reader.number(SIGNAL_MAX_COUNTER) })
  const epoch = reader.number(SIGNAL_MAX_EPOCH)
  const sending = chain()
  const receiving = chain()
  let last = 0
  const skipped = reader.list(SIGNAL_MAX_SKIPPED, () => {
    const counter = reader.number(SIGNAL_MAX_COUNTER)
    if (counter <= last || counter >= receiving.counter) throw reader.bad('skipped')
    last = counter
    return { counter, key: reader.fixed(32) }
  })
  return { epoch, sending, receiving, skipped }
}
