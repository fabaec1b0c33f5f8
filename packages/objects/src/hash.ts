/**
 * The hashes of objects (spec/objects.md, "Hashes"): BLAKE3 with a first byte that says what is hashed, so that no
 * block is taken for a node, nor a node for a header.
 *
 *     chunk  = BLAKE3(0x00 ‖ bytes)
 *     node   = BLAKE3(0x01 ‖ u8 level ‖ hashes)
 *     object = BLAKE3(0x02 ‖ header)
 *     slot   = BLAKE3(0x03 ‖ owner ‖ name)
 */
import type { Brand } from '@hyphae/core'
import { blake3 } from '@noble/hashes/blake3.js'

export const HASH_BYTES = 32

/** What names an object: 32 bytes. */
export type ObjectHash = Brand<Uint8Array, 'ObjectHash'>

const CHUNK = /* @__PURE__ */ Uint8Array.of(0)
const HEADER = /* @__PURE__ */ Uint8Array.of(2)
const SLOT = /* @__PURE__ */ Uint8Array.of(3)

/** Level 0 is the payload; nodes stand from level 1 on. */
export function blockHash(level: number, bytes: Uint8Array): Uint8Array {
  const prefix = level === 0 ? CHUNK : Uint8Array.of(1, level)
  return blake3.create().update(prefix).update(bytes).digest()
}

export function headerHash(header: Uint8Array): ObjectHash {
  return blake3.create().update(HEADER).update(header).digest() as ObjectHash
}

/** Where the versions of one mutable object meet. */
export function slotHash(owner: Uint8Array, name: Uint8Array): Uint8Array {
  return blake3.create().update(SLOT).update(owner).update(name).digest()
}
