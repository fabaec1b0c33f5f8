import { FRAME_SIZES, MAX_FILE_BYTES } from '@hyphae/core'
import { createNodeCrypto, nobleCrypto, nodeCrypto, unsafeSeededRng } from '@hyphae/crypto'
import {
  CHUNK_BYTES,
  type ChunkHeader,
  chunkCount,
  coverFrame,
  frameMask,
  frameTag,
  groupFrameTag,
  MAX_CHUNKS,
  openChunk,
  openFrameBody,
  openFrameHeader,
  openFramePadded,
  openGroupFrame,
  openHandshakeFragment,
  openHandshakeFrame,
  SEALED_SIZES,
  sealChunk,
  sealFrame,
  sealGroupFrame,
  sealHandshakeFrame,
  smallestFrame,
  USABLE_BYTES,
} from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'

const crypto = createNodeCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(7)) })
const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const text = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + 1) & 0xff)

describe('frame sizes', () => {
  it('carry exactly 56, 440, 1976 and 3988 bytes', () => {
    expect(USABLE_BYTES).toEqual({ 128: 56, 512: 440, 2048: 1976, 4096: 3988 })
  })

  it('a file of the largest size has MAX_CHUNKS chunks', () => {
    expect(chunkCount(MAX_FILE_BYTES)).toBe(MAX_CHUNKS)
  })

  it('smallestFrame picks the first that fits', () => {
    expect([0, 56, 57, 440, 441, 1976, 1977].map(smallestFrame)).toEqual([
      128,
      128,
      512,
      512,
      2048,
      2048,
      undefined,
    ])
  })

  it('cover frames have every size and the version alone', () => {
    for (const size of FRAME_SIZES) {
      const frame = coverFrame(crypto, size)
      expect(frame.length).toBe(size)
      expect([frame[0], frame[1]]).toEqual([1, 0])
      expect(frame.slice(2)).not.toEqual(new Uint8Array(size - 2))
    }
  })
})

describe('sealed frame', () => {
  const associatedData = text(128)
  const mask = frameMask(crypto, key(1), 0xabcdef)

  function sealed(size: 128 | 512 | 2048, length: number, padding?: Uint8Array) {
    const header = { ratchetKey: text(32), n: 0xabcdef, pn: 0x123456, length, pqEpoch: 11 }
    const body = text(length)
    const input = { mask, header, messageKey: key(2), associatedData, body, size }
    const frame = sealFrame(crypto, padding === undefined ? input : { ...input, padding })
    return { header, body, frame }
  }

  it.each(SEALED_SIZES)('of %i bytes carries everything from 0 to its usable bytes', (size) => {
    for (const length of [0, 1, USABLE_BYTES[size] - 1, USABLE_BYTES[size]]) {
      const { header, body, frame } = sealed(size, length)
      expect(frame.length).toBe(size)
      expect(frameTag(frame)).toEqual(mask.slice(0, 14))
      expect(openFrameHeader(frame, mask)).toEqual(header)
      expect(openFrameBody(crypto, { frame, messageKey: key(2), associatedData, length })).toEqual(body)
    }
  })

  it('refuses one byte more', () => {
    for (const size of SEALED_SIZES) {
      expect(() => sealed(size, USABLE_BYTES[size] + 1)).toThrow(
        expect.objectContaining({ code: 'tlv/bad-length' }),
      )
    }
  })

  it('is null under another key, data or length of associated data, and after any change', () => {
    const { frame } = sealed(128, 10)
    const open = { frame, messageKey: key(2), associatedData, length: 10 }
    expect(openFrameBody(crypto, { ...open, messageKey: key(3) })).toBeNull()
    expect(openFrameBody(crypto, { ...open, associatedData: associatedData.slice(1) })).toBeNull()
    for (let i = 2; i < frame.length; i++) {
      const changed = frame.slice()
      changed[i] = (changed[i] as number) ^ 1
      expect(openFrameBody(crypto, { ...open, frame: changed })).toBeNull()
    }
  })

  it('carries padding for those who ask, and refuses it from those who do not', () => {
    const { frame } = sealed(512, 100, text(340))
    const open = { frame, messageKey: key(2), associatedData, length: 100 }
    expect(openFramePadded(crypto, open)).toEqual({ body: text(100), padding: text(340) })
    expect(() => openFrameBody(crypto, open)).toThrow(expect.objectContaining({ code: 'tlv/bad-padding' }))
  })

  it('costs one ChaCha20 block for tag and mask: the same from every provider', () => {
    expect(frameMask(nobleCrypto, key(1), 77)).toEqual(frameMask(nodeCrypto, key(1), 77))
    expect(frameMask(crypto, key(1), 77).length).toBe(54)
    expect(() => frameMask(crypto, key(1), 1 << 24)).toThrow(
      expect.objectContaining({ code: 'tlv/bad-number' }),
    )
  })
})

describe('group frame', () => {
  const tag = groupFrameTag(crypto, key(4), text(20))
  const header = { index: 2, count: 3, id: 0xdeadbeef }

  it.each(SEALED_SIZES)('of %i bytes carries all its usable bytes', (size) => {
    for (const length of [0, 1, USABLE_BYTES[size]]) {
      const frame = sealGroupFrame(crypto, { tag, key: key(5), header, body: text(length), size })
      expect(frame.length).toBe(size)
      expect(frameTag(frame)).toEqual(tag)
      expect(openGroupFrame(crypto, { key: key(5), frame })).toEqual({
        header: { ...header, length },
        body: text(length),
      })
      expect(openGroupFrame(crypto, { key: key(6), frame })).toBeNull()
    }
  })

  it('shows no fixed byte but the version: two seals of the same thing share only the tag', () => {
    const seal = (): Uint8Array =>
      sealGroupFrame(crypto, { tag, key: key(5), header, body: text(56), size: 128 })
    const [a, b] = [seal(), seal()]
    const equal = Array.from(a.slice(16)).filter((byte, i) => byte === b[16 + i]).length
    expect(equal).toBeLessThan(12)
  })

  it('refuses an index outside the count', () => {
    const bad = { tag, key: key(5), body: text(1), size: 128 as const }
    for (const wrong of [
      { index: 3, count: 3, id: 0 },
      { index: 0, count: 0, id: 0 },
      { index: 0, count: 1025, id: 0 },
    ]) {
      expect(() => sealGroupFrame(crypto, { ...bad, header: wrong })).toThrow(
        expect.objectContaining({ code: 'tlv/bad-number' }),
      )
    }
  })
})

describe('handshake frame', () => {
  const introKey = crypto.x25519.generate()

  it('carries 0 to 1976 bytes to the intro key, and to it alone', () => {
    for (const length of [0, 1, 400, 1976]) {
      const frame = sealHandshakeFrame(crypto, { introKey: introKey.publicKey, payload: text(length) })
      expect(frame.length).toBe(2048)
      expect(openHandshakeFrame(crypto, { introKey, frame })).toEqual(text(length))
      expect(openHandshakeFrame(crypto, { introKey: crypto.x25519.generate(), frame })).toBeNull()
    }
    expect(() => sealHandshakeFrame(crypto, { introKey: introKey.publicKey, payload: text(1977) })).toThrow(
      expect.objectContaining({ code: 'tlv/bad-length' }),
    )
  })

  it('randomises the top bit of the encapsulated key, and binds it', () => {
    const tops = new Set<number>()
    for (let i = 0; i < 32; i++) {
      const frame = sealHandshakeFrame(crypto, { introKey: introKey.publicKey, payload: text(3) })
      tops.add((frame[47] as number) >>> 7)
      frame[47] = (frame[47] as number) ^ 0x80
      expect(openHandshakeFrame(crypto, { introKey, frame })).toBeNull()
    }
    expect([...tops].sort()).toEqual([0, 1])
  })

  it('carries fragments for those who ask', () => {
    const fragment = { index: 1, count: 2, id: 99 }
    const frame = sealHandshakeFrame(crypto, { introKey: introKey.publicKey, payload: text(9), fragment })
    expect(openHandshakeFragment(crypto, { introKey, frame })).toEqual({ header: fragment, payload: text(9) })
    expect(() => openHandshakeFrame(crypto, { introKey, frame })).toThrow(
      expect.objectContaining({ code: 'tlv/bad-frame' }),
    )
  })

  it('is null for cover and for an encapsulated key of small order', () => {
    expect(openHandshakeFrame(crypto, { introKey, frame: coverFrame(crypto, 2048) })).toBeNull()
    const frame = sealHandshakeFrame(crypto, { introKey: introKey.publicKey, payload: text(3) })
    frame.fill(0, 16, 48)
    expect(openHandshakeFrame(crypto, { introKey, frame })).toBeNull()
  })
})

describe('chunk frame', () => {
  const size = CHUNK_BYTES * 2 + 5
  const header = (index: number, length: number): ChunkHeader => ({
    root: text(32),
    index,
    count: 3,
    size,
    length,
  })

  it('carries 3988 bytes, and the rest in the last chunk', () => {
    expect([0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, size].map(chunkCount)).toEqual([1, 1, 1, 2, 3])
    for (const [index, length] of [
      [0, CHUNK_BYTES],
      [1, CHUNK_BYTES],
      [2, 5],
    ] as const) {
      const frame = sealChunk(crypto, { key: key(8), header: header(index, length), data: text(length) })
      expect(frame.length).toBe(4096)
      const opened = openChunk(crypto, { key: key(8), index, frame })
      expect(opened).toEqual({ header: header(index, length), data: text(length) })
      expect(openChunk(crypto, { key: key(8), index: (index + 1) % 3, frame })).toBeNull()
      expect(openChunk(crypto, { key: key(9), index, frame })).toBeNull()
    }
  })

  it('refuses headers that contradict themselves', () => {
    const wrong = [
      header(2, 6),
      header(0, 5),
      header(3, 0),
      { ...header(2, 5), count: 4 },
      { ...header(2, 5), size: 2 ** 30 },
    ]
    for (const one of wrong) {
      expect(() => sealChunk(crypto, { key: key(8), header: one, data: text(one.length) })).toThrow(
        expect.objectContaining({ code: 'tlv/bad-frame' }),
      )
    }
  })

  it('takes the root into the body key: one file key, two contents, two keystreams', () => {
    const seal = (root: Uint8Array): Uint8Array =>
      sealChunk(crypto, { key: key(8), header: { ...header(2, 5), root }, data: text(5) })
    const [a, b] = [seal(key(1)), seal(key(2))]
    const equal = Array.from(a.slice(92)).filter((byte, i) => byte === b[92 + i]).length
    expect(equal).toBeLessThan(60)
  })
})
