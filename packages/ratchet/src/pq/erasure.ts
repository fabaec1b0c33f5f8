/**
 * A systematic Reed-Solomon code: a value of k chunks becomes 256, and any k distinct ones give it back
 * (spec/session.md, "Erasure code").
 *
 *   chunk i = P(i), where P is the polynomial of degree below k with P(j) = chunk j of the value for j < k,
 *             taken at each of the 16 bytes of a chunk by itself
 *
 * So the first k chunks are the value itself, and the others stand in for whatever was lost. Knows no message.
 */
import { addMultiple, divide, multiply } from './field.js'

/** Small enough that a 128-byte frame with 36 bytes of text still carries one. */
export const CHUNK_BYTES = 16
/** Every element of the field is one index. */
export const CHUNK_INDICES = 256

/** Chunks received of a value: distinct indices in order of arrival, and their data in the same order. */
export interface Partial {
  readonly kind: 'partial'
  readonly indices: Uint8Array
  readonly data: Uint8Array
}

export interface Whole {
  readonly kind: 'whole'
  readonly value: Uint8Array
}

/** Immutable. */
export type Collected = Partial | Whole

export const NOTHING: Collected = { kind: 'partial', indices: new Uint8Array(0), data: new Uint8Array(0) }

/** `length` is a multiple of CHUNK_BYTES, as all values here are. */
export function chunksOf(length: number): number {
  return length / CHUNK_BYTES
}

/** `count` chunks from index `first` on; first + count ≤ CHUNK_INDICES. */
export function encodeChunks(value: Uint8Array, first: number, count: number): Uint8Array {
  const k = chunksOf(value.length)
  const out = new Uint8Array(count * CHUNK_BYTES)
  for (let i = 0; i < count; i++) {
    const index = first + i
    const at = i * CHUNK_BYTES
    if (index < k) out.set(value.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES), at)
    else interpolate(out.subarray(at, at + CHUNK_BYTES), firstIndices(k), value, index)
  }
  return out
}

/** Adds a run of chunks of a value of `k` chunks. Known indices are skipped; the same object when none is new. */
export function collect(
  collected: Collected,
  k: number,
  run: { readonly first: number; readonly data: Uint8Array },
): Collected {
  if (collected.kind === 'whole') return collected
  const fresh: number[] = []
  const count = chunksOf(run.data.length)
  const room = k - collected.indices.length
  for (let i = 0; i < count && fresh.length < room; i++) {
    if (!collected.indices.includes(run.first + i)) fresh.push(i)
  }
  if (fresh.length === 0) return collected
  const indices = new Uint8Array(collected.indices.length + fresh.length)
  const data = new Uint8Array(indices.length * CHUNK_BYTES)
  indices.set(collected.indices)
  data.set(collected.data)
  fresh.forEach((i, slot) => {
    const at = collected.indices.length + slot
    indices[at] = run.first + i
    data.set(run.data.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES), at * CHUNK_BYTES)
  })
  return indices.length === k
    ? { kind: 'whole', value: decode(indices, data) }
    : { kind: 'partial', indices, data }
}

/** The value, from as many chunks as it has. */
function decode(indices: Uint8Array, data: Uint8Array): Uint8Array {
  const k = indices.length
  const value = new Uint8Array(data.length)
  const there = new Set<number>()
  indices.forEach((index, slot) => {
    if (index >= k) return
    there.add(index)
    value.set(data.subarray(slot * CHUNK_BYTES, (slot + 1) * CHUNK_BYTES), index * CHUNK_BYTES)
  })
  for (let index = 0; index < k; index++) {
    if (there.has(index)) continue
    interpolate(value.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES), indices, data, index)
  }
  return value
}

/** out ← P(x), P through the chunks of `data` at `indices`; x is none of them. Subtraction is XOR. */
function interpolate(out: Uint8Array, indices: Uint8Array, data: Uint8Array, x: number): void {
  const weights = weightsOf(indices)
  let product = 1
  for (const index of indices) product = multiply(product, x ^ index)
  for (let j = 0; j < indices.length; j++) {
    const factor = multiply(product, divide(weights[j] as number, x ^ (indices[j] as number)))
    addMultiple(out, data, j * CHUNK_BYTES, CHUNK_BYTES, factor)
  }
}

/** The last points and their barycentric weights: the chunks of one value are made in a row. */
let last: { readonly indices: Uint8Array; readonly weights: Uint8Array } | undefined

/** 1 / Π (x_j − x_m) over the other points. */
function weightsOf(indices: Uint8Array): Uint8Array {
  if (last !== undefined && sameBytes(last.indices, indices)) return last.weights
  const weights = indices.map((own) => {
    let product = 1
    for (const other of indices) if (other !== own) product = multiply(product, own ^ other)
    return divide(1, product)
  })
  last = { indices: indices.slice(), weights }
  return weights
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function firstIndices(k: number): Uint8Array {
  return Uint8Array.from({ length: k }, (_, i) => i)
}
