import { chacha20 } from '@noble/ciphers/chacha.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NOBLE_KEYSTREAM_BYTES } from '../../src/limits.js'
import { chachaBlocks } from '../../src/noble/chacha-blocks.js'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

describe('the first blocks of ChaCha20', () => {
  it('is there with the library version that this package pins', () => {
    expect(chachaBlocks).not.toBeNull()
  })

  it('equals the start of the stream cipher, from arrays at any offset', () => {
    const offsets = fc.nat({ max: 7 })
    fc.assert(
      fc.property(
        bytes(32),
        bytes(12),
        fc.nat({ max: NOBLE_KEYSTREAM_BYTES }),
        offsets,
        (key, nonce, length, at) => {
          const held = new Uint8Array(at + 44)
          held.set(key, at)
          held.set(nonce, at + 32)
          const expected = chacha20(key, nonce, new Uint8Array(length))
          expect(chachaBlocks?.(held.subarray(at, at + 32), held.subarray(at + 32), length)).toEqual(expected)
        },
      ),
    )
  })

  it('gives every caller an array of its own', () => {
    const [key, nonce] = [new Uint8Array(32), new Uint8Array(12)]
    const first = chachaBlocks?.(key, nonce, 64)
    const copy = first?.slice()
    chachaBlocks?.(key.fill(1), nonce, 64)
    expect(first).toEqual(copy)
    expect(first?.buffer.byteLength).toBe(64)
  })
})
