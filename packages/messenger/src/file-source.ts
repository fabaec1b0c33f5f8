/** Where a file to be sent comes from: something that can be read twice, once to hash and once to seal. */
import { CHUNK_BYTES } from '@hyphae/tlv'

/** A web `File` or `Blob` is one; `fileSource` of @hyphae/cli reads from a path. */
export interface FileSource {
  readonly size: number
  /** The bytes from the start, in pieces of any size. */
  stream(): AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>
}

export function sourceOf(data: Uint8Array | FileSource): FileSource {
  if (!(data instanceof Uint8Array)) return data
  return {
    size: data.length,
    stream: async function* () {
      yield data
    },
  }
}

/** The bytes of a source, cut into pieces of CHUNK_BYTES; the last may be shorter. */
export async function* piecesOf(source: FileSource): AsyncGenerator<Uint8Array, void, undefined> {
  let piece = new Uint8Array(CHUNK_BYTES)
  let filled = 0
  for await (const part of iterate(source.stream())) {
    for (let offset = 0; offset < part.length; ) {
      const take = Math.min(part.length - offset, CHUNK_BYTES - filled)
      piece.set(part.subarray(offset, offset + take), filled)
      filled += take
      offset += take
      if (filled < CHUNK_BYTES) continue
      yield piece
      piece = new Uint8Array(CHUNK_BYTES)
      filled = 0
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
}

/** Safari reads ReadableStream only through a reader. */
async function* iterate(
  stream: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (Symbol.asyncIterator in stream) {
    yield* stream
    return
  }
  const reader = (stream as ReadableStream<Uint8Array>).getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    reader.releaseLock()
  }
}
