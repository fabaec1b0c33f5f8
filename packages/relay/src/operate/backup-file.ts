/**
 * The bytes of a backup: blocks of entries, each with a hash over all before it. spec/relay-rest.md section 7.
 *
 * A file that was cut, changed, reordered or continued is refused as a whole. What entries mean is not known here.
 */
import { createHash } from 'node:crypto'
import { equalBytes } from '@hyphae/core'
import type { Entry } from '../engine/engine.js'
import { RelayError } from '../errors.js'
import { MAX_BACKUP_BLOCK_BYTES } from '../limits.js'

const MAGIC: Buffer = Buffer.from('hyphae relay backup 1\n', 'latin1')
const DIGEST_BYTES = 32
/** Payload length u32, entries u32, digest. The last block has no entries, and their total as its payload. */
const HEADER_BYTES = 8 + DIGEST_BYTES
const TOTAL_BYTES = 8
/** Key length u16, value length u32. */
const ENTRY_HEADER_BYTES = 6

function bad(reason: string): RelayError {
  return new RelayError('relay/bad-backup', { details: { reason } })
}

function digestOf(before: Uint8Array, head: Uint8Array, payload: Uint8Array): Buffer {
  return createHash('sha256').update(before).update(head).update(payload).digest()
}

const FIRST: Buffer = createHash('sha256').update(MAGIC).digest()

function encodeEntries(entries: readonly Entry[]): Buffer {
  const parts: Uint8Array[] = []
  for (const [key, value] of entries) {
    const head = Buffer.allocUnsafe(ENTRY_HEADER_BYTES)
    head.writeUInt16LE(key.length, 0)
    head.writeUInt32LE(value.length, 2)
    parts.push(head, key, value)
  }
  return Buffer.concat(parts)
}

function block(before: Uint8Array, count: number, payload: Buffer): { bytes: Buffer; digest: Buffer } {
  const head = Buffer.allocUnsafe(8)
  head.writeUInt32LE(payload.length, 0)
  head.writeUInt32LE(count, 4)
  const digest = digestOf(before, head, payload)
  return { bytes: Buffer.concat([head, digest, payload]), digest }
}

/** Cuts a chunk where a block has enough; one entry is always less than a block may hold. */
function* blocksOf(chunk: readonly Entry[]): Generator<Entry[]> {
  let entries: Entry[] = []
  let bytes = 0
  for (const entry of chunk) {
    entries.push(entry)
    bytes += ENTRY_HEADER_BYTES + entry[0].length + entry[1].length
    if (bytes < MAX_BACKUP_BLOCK_BYTES / 2) continue
    yield entries
    entries = []
    bytes = 0
  }
  if (entries.length > 0) yield entries
}

/** A backup of these entries, block by block. */
export async function* writeBackup(chunks: AsyncIterable<readonly Entry[]>): AsyncGenerator<Buffer> {
  yield MAGIC
  let digest = FIRST
  let total = 0
  for await (const chunk of chunks)
    for (const entries of blocksOf(chunk)) {
      const next = block(digest, entries.length, encodeEntries(entries))
      digest = next.digest
      total += entries.length
      yield next.bytes
    }
  const payload = Buffer.alloc(TOTAL_BYTES)
  payload.writeBigUInt64LE(BigInt(total))
  yield block(digest, 0, payload).bytes
}

/** Takes exact lengths from a stream of any pieces. */
interface Source {
  /** @throws RelayError `relay/bad-backup` when fewer are left */
  take(length: number): Promise<Buffer>
  atEnd(): Promise<boolean>
}

function sourceOf(stream: AsyncIterable<Uint8Array>): Source {
  const pieces = stream[Symbol.asyncIterator]()
  let held: Buffer[] = []
  let bytes = 0
  const more = async (): Promise<boolean> => {
    const next = await pieces.next()
    if (next.done === true) return false
    held.push(Buffer.from(next.value))
    bytes += next.value.length
    return true
  }
  return {
    take: async (length) => {
      while (bytes < length) if (!(await more())) throw bad('truncated')
      const all = Buffer.concat(held)
      held = [all.subarray(length)]
      bytes -= length
      return all.subarray(0, length)
    },
    atEnd: async () => {
      while (bytes === 0) if (!(await more())) return true
      return false
    },
  }
}

function decodeEntries(payload: Buffer, count: number): Entry[] {
  const entries: Entry[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_HEADER_BYTES > payload.length) throw bad('malformed')
    const keyEnd = at + ENTRY_HEADER_BYTES + payload.readUInt16LE(at)
    const end = keyEnd + payload.readUInt32LE(at + 2)
    if (end > payload.length) throw bad('malformed')
    entries.push([payload.subarray(at + ENTRY_HEADER_BYTES, keyEnd), payload.subarray(keyEnd, end)])
    at = end
  }
  if (at !== payload.length) throw bad('malformed')
  return entries
}

/**
 * The entries of a backup, each block after its hash was checked. Whoever has not come to the end without an
 * error has no backup: the last block says that nothing is missing.
 * @throws RelayError `relay/bad-backup`
 */
export async function* readBackup(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Entry[]> {
  const source = sourceOf(stream)
  if (!(await source.take(MAGIC.length)).equals(MAGIC)) throw bad('not a backup of this version')
  let digest = FIRST
  let total = 0
  for (;;) {
    const head = await source.take(HEADER_BYTES)
    const [length, count] = [head.readUInt32LE(0), head.readUInt32LE(4)]
    if (length > MAX_BACKUP_BLOCK_BYTES) throw bad('malformed')
    const payload = await source.take(length)
    const expected = digestOf(digest, head.subarray(0, 8), payload)
    // A checksum is no secret: whoever has the file can compute it.
    if (!equalBytes(expected, head.subarray(8))) throw bad('checksum')
    digest = expected
    if (count === 0) return await checkEnd(source, payload, total)
    total += count
    yield decodeEntries(payload, count)
  }
}

async function checkEnd(source: Source, payload: Buffer, total: number): Promise<void> {
  if (payload.length !== TOTAL_BYTES || payload.readBigUInt64LE() !== BigInt(total)) throw bad('malformed')
  if (!(await source.atEnd())) throw bad('trailing bytes')
}
