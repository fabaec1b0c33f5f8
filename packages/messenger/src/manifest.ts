/**
 * The tree over a file's chunk frames (spec/messenger.md, Files).
 *
 * A file is sealed in chunk frames; each is a blob under the SHA-256 of the frame. Those hashes, one after the other,
 * are themselves a content that is sealed in chunk frames one level up, until one frame is left: the root manifest,
 * whose hash the file message names. Every level has its own key, so that no nonce is used twice.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { chunkCount } from '@hyphae/tlv'

export const HASH_BYTES = 32
const EMPTY = new Uint8Array()
const LABEL = utf8('hyphae file level')

/** Key of one level: 0 seals the file, 1 the hashes of its chunks, and so on. */
export function levelKey(crypto: CryptoProvider, fileKey: Uint8Array, level: number): Uint8Array {
  return crypto.hkdfSha256(fileKey, EMPTY, concatBytes(LABEL, Uint8Array.of(level)), fileKey.length)
}

/** Bytes at each level, from the file up to the root manifest, which fits one chunk. */
export function levelSizes(fileSize: number): number[] {
  const sizes = [fileSize]
  let size = fileSize
  do {
    size = HASH_BYTES * chunkCount(size)
    sizes.push(size)
  } while (chunkCount(size) > 1)
  return sizes
}

export function splitHashes(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  )
}
