/**
 * The erasure code of the ML-KEM Braid: a value of N chunks becomes 65,536 chunks, and any N of them give it back.
 *
 *   Big-endian u16 number i of a value is the value of polynomial i mod 16 at x = i div 16, in GF(2¹⁶).
 *   Chunk x holds the sixteen polynomials' values at x: the first N chunks are the value itself, the others come by
 *   Lagrange interpolation through those, p(x) = Σ yᵢ Π_{j≠i} (x − xⱼ)/(xᵢ − xⱼ).
 *
 * Nothing authenticates a chunk: a false one gives a false value, and whoever uses the value checks it.
 */
import { concatBytes } from '@hyphae/core'
import { divide, multiply } from './field.js'

/** Sixteen numbers of two bytes. */
export const CHUNK_BYTES = 32
/** Chunk indices are elements of the field. */
export const CHUNK_INDICES = 0x1_0000

export interface Chunk {
  readonly index: number
  /** 32 bytes. */
  readonly data: Uint8Array
}

/** What is sent, and how far it has been. */
export interface Encoder {
  /** A multiple of 32 bytes. */
  readonly value: Uint8Array
  readonly next: number
}

/** What came of a value. Chunks in order of arrival, with distinct indices. */
export interface Decoder {
  /** Chunks that are needed. */
  readonly needed: number
  readonly chunks: readonly Chunk[]
}

export function encoderOf(value: Uint8Array): Encoder {
  return { value, next: 0 }
}

/** The next chunk. After the last index it begins anew: a peer that heard nothing misses the first ones too. */
export function nextChunk(encoder: Encoder): { encoder: Encoder; chunk: Chunk } {
  const { value, next } = encoder
  return {
    encoder: { value, next: (next + 1) % CHUNK_INDICES },
    chunk: { index: next, data: chunkAt(value, next) },
  }
}

/** Chunk `index` of a value. */
export function chunkAt(value: Uint8Array, index: number): Uint8Array {
  const count = value.length / CHUNK_BYTES
  const chunks: Chunk[] = []
  for (let i = 0; i < count; i++) chunks.push({ index: i, data: slice(value, i) })
  return chunks[index]?.data ?? interpolate(chunks, index)
}

export function decoderOf(bytes: number): Decoder {
  return { needed: bytes / CHUNK_BYTES, chunks: [] }
}

/** Takes one more chunk; a repeated index changes nothing. `value` is null until there are enough. */
export function takeChunk(decoder: Decoder, chunk: Chunk): { decoder: Decoder; value: Uint8Array | null } {
  if (decoder.chunks.some(({ index }) => index === chunk.index)) return { decoder, value: null }
  const chunks = [...decoder.chunks, chunk]
  const taken = { needed: decoder.needed, chunks }
  return { decoder: taken, value: chunks.length < taken.needed ? null : recover(chunks) }
}

function recover(chunks: readonly Chunk[]): Uint8Array {
  const known = new Map(chunks.map(({ index, data }) => [index, data]))
  return concatBytes(...chunks.map((_, index) => known.get(index) ?? interpolate(chunks, index)))
}

function slice(value: Uint8Array, index: number): Uint8Array {
  return Uint8Array.prototype.slice.call(value, index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
}

/** The polynomials through `chunks`, at an `x` that is none of theirs. */
function interpolate(chunks: readonly Chunk[], x: number): Uint8Array {
  const sum = new Uint8Array(CHUNK_BYTES)
  for (const chunk of chunks) {
    let above = 1
    let below = 1
    for (const { index } of chunks) {
      if (index === chunk.index) continue
      above = multiply(above, x ^ index)
      below = multiply(below, chunk.index ^ index)
    }
    addScaled(sum, chunk.data, divide(above, below))
  }
  return sum
}

function addScaled(sum: Uint8Array, data: Uint8Array, scale: number): void {
  for (let i = 0; i < CHUNK_BYTES; i += 2) {
    const product = multiply(((data[i] as number) << 8) | (data[i + 1] as number), scale)
    sum[i] = (sum[i] as number) ^ (product >> 8)
    sum[i + 1] = (sum[i + 1] as number) ^ (product & 0xff)
  }
}
