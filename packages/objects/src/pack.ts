/**
 * A pack of blobs as the payload of one object (spec/objects.md, "Packs").
 *
 *     count u16 | length u16 of each | the blobs, one after the other
 */
import { concatBytes } from '@hyphae/core'
import { readU16, writeU16 } from '@hyphae/tlv'
import { ObjectsError } from './errors.js'
import { MAX_BLOB_BYTES, MAX_PACK_BLOBS } from './limits.js'

/** `use` of an object whose payload is a pack. */
export const PACK_USE = 1

const U16_BYTES = 2

/** @throws ObjectsError `objects/too-large` */
export function encodePack(blobs: readonly Uint8Array[]): Uint8Array {
  if (blobs.length > MAX_PACK_BLOBS || blobs.some(({ length }) => length > MAX_BLOB_BYTES))
    throw new ObjectsError('objects/too-large', { details: { blobs: blobs.length, limit: MAX_PACK_BLOBS } })
  const head = new Uint8Array(U16_BYTES * (1 + blobs.length))
  writeU16(head, 0, blobs.length)
  for (const [i, { length }] of blobs.entries()) writeU16(head, U16_BYTES * (i + 1), length)
  return concatBytes(head, ...blobs)
}

export interface PackedBlob {
  readonly offset: number
  readonly data: Uint8Array
}

/** Views into the pack; null when it is none. */
export function decodePack(pack: Uint8Array): PackedBlob[] | null {
  const count = pack.length < U16_BYTES ? MAX_PACK_BLOBS + 1 : readU16(pack, 0)
  let offset = U16_BYTES * (1 + count)
  if (count > MAX_PACK_BLOBS || pack.length < offset) return null
  const blobs: PackedBlob[] = []
  for (let i = 0; i < count; i++) {
    const length = readU16(pack, U16_BYTES * (i + 1))
    if (length > MAX_BLOB_BYTES || offset + length > pack.length) return null
    blobs.push({ offset, data: pack.subarray(offset, offset + length) })
    offset += length
  }
  return offset === pack.length ? blobs : null
}
