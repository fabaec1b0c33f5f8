/**
 * Chains as bytes, to go on after a restart. Holds secrets: seal it at rest, and store it before a message leaves.
 *
 *   01 ‖ epoch u64 ‖ leaf u32 ‖ device u8 ‖ tag ‖ header key ‖ sending ‖ count u32 × (name u32 ‖ chain)
 *   chain = secret ‖ next u32 ‖ count u16 × (counter u32 ‖ key)
 */
import { assertSize } from '../codec.js'
import { MAX_MEMBERS } from '../limits.js'
import {
  assertSpent,
  broken,
  type Reader,
  reader,
  readRaw,
  readU8,
  readU16,
  readU32,
  readU64,
  type Writer,
  writeRaw,
  writer,
  writeU8,
  writeU16,
  writeU32,
  writeU64,
} from '../wire.js'
import type { Chain } from './chain.js'
import { TAG_BYTES } from './frame.js'
import { KEPT_LITE_KEYS, MAX_LITE_COUNTER, MAX_LITE_DEVICE, MAX_LITE_STATE_BYTES } from './limits.js'
import { type LiteState, unwrapLite, wrapLite } from './state.js'

const VERSION = 1
const KEY_BYTES = 32
const FIXED_BYTES = 1 + 8 + 4 + 1 + TAG_BYTES + KEY_BYTES + 4

function chainSize({ skipped }: Chain): number {
  return KEY_BYTES + 4 + 2 + skipped.size * (4 + KEY_BYTES)
}

function writeChain(to: Writer, { secret, next, skipped }: Chain): void {
  writeRaw(to, secret)
  writeU32(to, next)
  writeU16(to, skipped.size)
  for (const [counter, key] of skipped) {
    writeU32(to, counter)
    writeRaw(to, key)
  }
}

function readChain(from: Reader): Chain {
  const secret = readRaw(from, KEY_BYTES)
  const next = readU32(from)
  const count = readU16(from)
  if (count > KEPT_LITE_KEYS || next > MAX_LITE_COUNTER + 1) throw broken(from)
  const skipped = new Map<number, Uint8Array>()
  let previous = -1
  for (let i = 0; i < count; i++) {
    const counter = readU32(from)
    if (counter <= previous || counter >= next) throw broken(from)
    skipped.set(counter, readRaw(from, KEY_BYTES))
    previous = counter
  }
  return { secret, next, skipped }
}

/** Equal states give equal bytes. @throws MlsError `mls/foreign-state` */
export function encodeLite(state: LiteState): Uint8Array {
  const { epoch, ownLeaf, ownDevice, marks, sending, receiving } = unwrapLite(state)
  const chains = [...receiving].sort(([a], [b]) => a - b)
  const size = chains.reduce((sum, [, chain]) => sum + 4 + chainSize(chain), FIXED_BYTES + chainSize(sending))
  const to = writer(size)
  writeU8(to, VERSION)
  writeU64(to, BigInt(epoch))
  writeU32(to, ownLeaf)
  writeU8(to, ownDevice)
  writeRaw(to, marks.tag)
  writeRaw(to, marks.headerKey)
  writeChain(to, sending)
  writeU32(to, chains.length)
  for (const [name, chain] of chains) {
    writeU32(to, name)
    writeChain(to, chain)
  }
  return to.bytes
}

function readReceiving(from: Reader): ReadonlyMap<number, Chain> {
  const count = readU32(from)
  if (count > MAX_MEMBERS * (MAX_LITE_DEVICE + 1)) throw broken(from)
  const receiving = new Map<number, Chain>()
  let previous = -1
  for (let i = 0; i < count; i++) {
    const name = readU32(from)
    if (name <= previous) throw broken(from)
    receiving.set(name, readChain(from))
    previous = name
  }
  return receiving
}

/** @throws MlsError `mls/bad-snapshot`, `mls/too-large` */
export function decodeLite(bytes: Uint8Array): LiteState {
  assertSize(bytes, MAX_LITE_STATE_BYTES)
  const from = reader(bytes.slice(), 'mls/bad-snapshot')
  if (readU8(from) !== VERSION) throw broken(from)
  const epoch = readU64(from)
  if (epoch > BigInt(Number.MAX_SAFE_INTEGER)) throw broken(from)
  const data = {
    epoch: Number(epoch),
    ownLeaf: readU32(from),
    ownDevice: readU8(from),
    marks: { tag: readRaw(from, TAG_BYTES), headerKey: readRaw(from, KEY_BYTES) },
    sending: readChain(from),
    receiving: readReceiving(from),
  }
  assertSpent(from)
  return wrapLite(data)
}
