/** What the tests of this package share: fixed randomness, patterned bytes, and how a call ended. */
import { type CryptoProvider, createNobleCrypto, createNodeCrypto, unsafeSeededRng } from '@hyphae/crypto'
import { TlvError } from '@hyphae/tlv'
import fc from 'fast-check'

export const PROVIDERS: readonly (readonly [string, CryptoProvider])[] = [
  ['node', createNodeCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(7)) })],
  ['noble', createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(8)) })],
]

export const crypto: CryptoProvider = PROVIDERS[0]![1]

export const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)

/** `length` bytes, none like its neighbour. */
export const text = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + 1) & 0xff)

/** The code of the TlvError that `attempt` ends with; any other error goes on, and so does success. */
export function refusal(attempt: () => unknown): string {
  try {
    attempt()
  } catch (error) {
    if (error instanceof TlvError) return error.code
    throw error
  }
  throw new Error('not refused')
}

/** What `attempt` returns, or null when it ends with a TlvError. */
export function accepted<T>(attempt: () => T): T | null {
  try {
    return attempt()
  } catch (error) {
    if (error instanceof TlvError) return null
    throw error
  }
}

export function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = value
  return copy
}

export function withBitFlipped(bytes: Uint8Array, bit: number): Uint8Array {
  return withByte(bytes, bit >>> 3, (bytes[bit >>> 3] as number) ^ (1 << (bit & 7)))
}

/** Every proper prefix, and every copy with one bit flipped. */
export function* nearMisses(bytes: Uint8Array): Generator<Uint8Array> {
  for (let end = 0; end < bytes.length; end++) yield bytes.slice(0, end)
  for (let bit = 0; bit < bytes.length * 8; bit++) yield withBitFlipped(bytes, bit)
}

/** Bytes in use more than before `work`, of objects and of array buffers. */
export function heapGrowth(work: () => void): number {
  const before = process.memoryUsage()
  work()
  const after = process.memoryUsage()
  return after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
}

export const bytesOf = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })
export const type: fc.Arbitrary<number> = fc.integer({ min: 1, max: 254 })
/** Short and extended values, and the lengths where one becomes the other. */
export const value: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 8, arbitrary: bytesOf(20) },
  { weight: 2, arbitrary: fc.integer({ min: 252, max: 258 }).map(text) },
  { weight: 1, arbitrary: fc.integer({ min: 259, max: 2000 }).map(text) },
)
/** Every number a u64 on our wire can be, the edges often. */
export const u64: fc.Arbitrary<number> = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER),
)
