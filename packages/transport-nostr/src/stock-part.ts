/**
 * A stock upload (spec/directory.md, "Stock upload") in parts that relays take. Each part names all of them by their
 * hashes, so a part that somebody else has put beside them belongs to another upload; and the whole carries the writer's
 * signature.
 *
 *     note = 2 | index u8 | count u8, 1 to 96 | count × SHA-256 of the part | part
 */
import { concatBytes, equalBytes, type StockUpload, toHex } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { decodeStockUpload, encodeStockUpload, verifyStockUpload } from '@hyphae/tlv'
import { MAX_STOCK_PARTS, STOCK_PART_BYTES } from './limits.js'
import type { FoundNote } from './place.js'

const TYPE = 2
const HASHES_AT = 3
const HASH_BYTES = 32

/** A whole upload, signed by its writer. */
export interface FoundUpload {
  readonly upload: StockUpload
  /** SHA-256 over the hashes of its parts, hexadecimal. */
  readonly digest: string
  /** Whose notes hold it. */
  readonly authors: readonly string[]
}

export function splitUpload(crypto: CryptoProvider, upload: StockUpload): Uint8Array[] {
  const bytes = encodeStockUpload(upload)
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += STOCK_PART_BYTES)
    parts.push(bytes.subarray(at, at + STOCK_PART_BYTES))
  const hashes = concatBytes(...parts.map((part) => crypto.sha256(part)))
  return parts.map((part, index) => concatBytes(Uint8Array.of(TYPE, index, parts.length), hashes, part))
}

interface Part {
  readonly index: number
  readonly count: number
  /** All hashes, one after the other. */
  readonly hashes: Uint8Array
  readonly bytes: Uint8Array
  readonly author: string
}

function readPart(crypto: CryptoProvider, { content, event }: FoundNote): Part | null {
  const [type = 0, index = 0, count = 0] = content
  if (type !== TYPE || count < 1 || count > MAX_STOCK_PARTS || index >= count) return null
  const partAt = HASHES_AT + count * HASH_BYTES
  if (content.length <= partAt || content.length > partAt + STOCK_PART_BYTES) return null
  const hashes = content.subarray(HASHES_AT, partAt)
  const bytes = content.subarray(partAt)
  const own = hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
  return equalBytes(crypto.sha256(bytes), own) ? { index, count, hashes, bytes, author: event.pubkey } : null
}

/** The uploads of this writer and kind that are whole, in order of their sequence. */
export function joinUploads(
  crypto: CryptoProvider,
  { writer, kind }: Pick<StockUpload, 'writer' | 'kind'>,
  notes: readonly FoundNote[],
): FoundUpload[] {
  const groups = new Map<string, Part[]>()
  for (const note of notes) {
    const part = readPart(crypto, note)
    if (part === null) continue
    const digest = toHex(crypto.sha256(part.hashes))
    groups.set(digest, [...(groups.get(digest) ?? []), part])
  }
  const found = [...groups].flatMap(([digest, parts]) => {
    const upload = joinParts(crypto, parts)
    if (upload === null || upload.kind !== kind || !equalBytes(upload.writer, writer)) return []
    return [{ upload, digest, authors: parts.map(({ author }) => author) }]
  })
  return found.sort((a, b) => a.upload.sequence - b.upload.sequence || (a.digest < b.digest ? -1 : 1))
}

function joinParts(crypto: CryptoProvider, parts: readonly Part[]): StockUpload | null {
  const byIndex = new Map(parts.map((part) => [part.index, part.bytes]))
  const count = parts[0]?.count ?? 0
  if (byIndex.size !== count) return null
  const bytes = concatBytes(...Array.from({ length: count }, (_, index) => byIndex.get(index) as Uint8Array))
  try {
    const upload = decodeStockUpload(bytes)
    return verifyStockUpload(crypto, upload) ? upload : null
  } catch {
    return null
  }
}
