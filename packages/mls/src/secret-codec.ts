/**
 * Nodes of a secret tree as bytes, for the rows of a store and nowhere else.
 *
 *   seed  01 ‖ secret
 *   leaf  02 ‖ handshake ‖ application
 *   ratchet = secret ‖ generation u32 ‖ count u16 ‖ count × (generation u32 ‖ key ‖ nonce)
 */

import { KEPT_GENERATIONS } from './limits.js'
import type { MessageKey, Ratchet } from './ratchet.js'
import type { LeafRatchets, SecretNode, Seed } from './secret-tree.js'
import {
  assertSpent,
  broken,
  type Reader,
  reader,
  readU8,
  readU16,
  readU32,
  readVector,
  vectorSize,
  type Writer,
  writer,
  writeU8,
  writeU16,
  writeU32,
  writeVector,
} from './wire.js'

const SEED = 1
const LEAF = 2

function ratchetSize({ secret, skipped }: Ratchet): number {
  let size = vectorSize(secret.length) + 4 + 2
  for (const { key, nonce } of skipped.values()) size += 4 + vectorSize(key.length) + vectorSize(nonce.length)
  return size
}

function writeRatchet(to: Writer, { secret, generation, skipped }: Ratchet): void {
  writeVector(to, secret)
  writeU32(to, generation)
  writeU16(to, skipped.size)
  for (const [at, { key, nonce }] of skipped) {
    writeU32(to, at)
    writeVector(to, key)
    writeVector(to, nonce)
  }
}

function readRatchet(from: Reader): Ratchet {
  const secret = readVector(from)
  const generation = readU32(from)
  const count = readU16(from)
  if (count > KEPT_GENERATIONS) throw broken(from)
  const skipped = new Map<number, MessageKey>()
  let previous = -1
  for (let i = 0; i < count; i++) {
    const at = readU32(from)
    if (at <= previous || at >= generation) throw broken(from)
    skipped.set(at, { key: readVector(from), nonce: readVector(from) })
    previous = at
  }
  return { secret, generation, skipped }
}

export function encodeSecretNode(node: Seed | LeafRatchets): Uint8Array {
  if (node.kind === 'seed') {
    const to = writer(1 + vectorSize(node.secret.length))
    writeU8(to, SEED)
    writeVector(to, node.secret)
    return to.bytes
  }
  const to = writer(1 + ratchetSize(node.handshake) + ratchetSize(node.application))
  writeU8(to, LEAF)
  writeRatchet(to, node.handshake)
  writeRatchet(to, node.application)
  return to.bytes
}

/** Its arrays are views of `bytes`. @throws MlsError `mls/bad-snapshot` */
export function decodeSecretNode(bytes: Uint8Array): SecretNode {
  const from = reader(bytes, 'mls/bad-snapshot')
  const node = readSecretNode(from)
  assertSpent(from)
  return node
}

function readSecretNode(from: Reader): SecretNode {
  const kind = readU8(from)
  if (kind === SEED) return { kind: 'seed', secret: readVector(from) }
  if (kind !== LEAF) throw broken(from)
  return { kind: 'leaf', handshake: readRatchet(from), application: readRatchet(from) }
}
