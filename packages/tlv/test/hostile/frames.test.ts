import { concatBytes, type FrameSize, fromHex, isHyphaeError, MAX_FILE_BYTES, utf8 } from '@hyphae/core'
import { hpkeSeal } from '@hyphae/crypto'
import {
  CHUNK_BYTES,
  chunkCount,
  coverFrame,
  frameMask,
  groupFrameTag,
  MAX_CHUNKS,
  openChunk,
  openFrameBody,
  openFrameHeader,
  openGroupFrame,
  openHandshakeFrame,
  SEALED_SIZES,
  sealHandshakeFrame,
} from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import { frameKinds } from '../kinds.js'
import { heapGrowth, key, PROVIDERS, refusal, text, withBitFlipped, withByte } from '../support.js'

const MIB = 1024 * 1024

describe.each(PROVIDERS)('every kind of frame, %s provider', (_name, crypto) => {
  const kinds = frameKinds(crypto)

  it.each(kinds)('$name opens under every provider', ({ frame, content, open }) => {
    for (const [, other] of PROVIDERS) expect(open(other, frame)).toEqual(content)
  })

  it.each(kinds)('$name is null under another key', ({ frame, openWrong }) => {
    for (const [, other] of PROVIDERS) expect(openWrong(other, frame)).toBeNull()
  })

  it.each(kinds)('$name leaves the frame as it was', ({ frame, open }) => {
    const before = frame.slice()
    open(crypto, frame)
    expect(frame).toEqual(before)
  })
})

describe('hostile 1: a changed frame', () => {
  const [, crypto] = PROVIDERS[0]!

  it.each(frameKinds(crypto))('$name does not open after a flip of any bit', ({ name, frame, open }) => {
    const wrong: number[] = []
    const refused: number[] = []
    for (let bit = 0; bit < frame.length * 8; bit++) {
      try {
        if (open(crypto, withBitFlipped(frame, bit)) !== null) wrong.push(bit)
      } catch (error) {
        if (!isHyphaeError(error, 'tlv/bad-frame')) throw error
        refused.push(bit)
      }
    }
    expect(wrong).toEqual([])
    // Version and zero byte; and where a sealed header's length claims more than the frame can hold.
    const shape = (bit: number): boolean => bit < 16 || (name.startsWith('sealed') && bit >> 4 === 27)
    expect(refused.slice(0, 16)).toEqual(Array.from({ length: 16 }, (_, bit) => bit))
    expect(refused.filter((bit) => !shape(bit))).toEqual([])
  })

  it.each(frameKinds(crypto))('$name is refused at every other length', ({ frame, open }) => {
    const opened: number[] = []
    for (let length = 0; length < frame.length; length++) {
      try {
        if (open(crypto, frame.slice(0, length)) !== null) opened.push(length)
      } catch (error) {
        if (!isHyphaeError(error, 'tlv/bad-frame')) throw error
      }
    }
    expect(opened).toEqual([])
    expect(refusal(() => open(crypto, concatBytes(frame, new Uint8Array(1))))).toBe('tlv/bad-frame')
    expect(refusal(() => open(crypto, frame.slice(1)))).toBe('tlv/bad-frame')
  })
})

describe('hostile 51: whoever cannot make an authentic frame gets one answer', () => {
  const [, crypto] = PROVIDERS[0]!

  it('for every kind: cover, a part of another frame, a wrong key and any forged part are all null', () => {
    for (const { frame, open, openWrong } of frameKinds(crypto)) {
      const spliced = coverFrame(crypto, frame.length as FrameSize)
      spliced.set(frame.subarray(0, 56))
      const swapped = frame.slice()
      swapped.set(frame.subarray(-32, -16), frame.length - 16)
      const answers = [open(crypto, spliced), open(crypto, swapped), openWrong(crypto, frame)]
      expect(answers).toEqual([null, null, null])
    }
  })

  it('wrong padding and impossible headers speak only after the frame has proved authentic', () => {
    const sealed = (plaintext: Uint8Array): Uint8Array => {
      const tag = groupFrameTag(crypto, key(4), text(1))
      const head = concatBytes(Uint8Array.of(1, 0), tag, text(24))
      const body = crypto.xchacha20Poly1305.seal(key(5), text(24), plaintext, head)
      return concatBytes(head, body)
    }
    const plain = (...header: number[]): Uint8Array => withHeader(new Uint8Array(72), header)
    const open = (frame: Uint8Array, fill = 5): unknown => openGroupFrame(crypto, { key: key(fill), frame })
    expect(open(sealed(plain(3, 0, 0, 0, 1, 0)))).toMatchObject({ body: new Uint8Array(3) })
    const bad: [Uint8Array, string][] = [
      [plain(57, 0, 0, 0, 1, 0), 'tlv/bad-frame'],
      [plain(0, 0, 0, 0, 0, 0), 'tlv/bad-frame'],
      [plain(0, 0, 1, 0, 1, 0), 'tlv/bad-frame'],
      [plain(0, 0, 0, 0, 1, 4), 'tlv/bad-frame'],
      [plain(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1), 'tlv/bad-frame'],
      [withByte(plain(3, 0, 0, 0, 1, 0), 19, 1), 'tlv/bad-padding'],
      [withByte(plain(3, 0, 0, 0, 1, 0), 71, 1), 'tlv/bad-padding'],
    ]
    for (const [plaintext, code] of bad) {
      expect(refusal(() => open(sealed(plaintext)))).toBe(code)
      expect(open(sealed(plaintext), 6)).toBeNull()
    }
  })

  it('the same for handshakes', () => {
    const introKey = crypto.x25519.generate()
    const sealed = (plaintext: Uint8Array): Uint8Array => {
      const head = concatBytes(Uint8Array.of(1, 0), text(14))
      const info = utf8('hyphae handshake frame v1')
      const aad = concatBytes(head, Uint8Array.of(0))
      const { enc, ciphertext } = hpkeSeal(crypto, { recipient: introKey.publicKey, info, aad, plaintext })
      return concatBytes(head, enc, ciphertext)
    }
    const plain = (...header: number[]): Uint8Array => withHeader(new Uint8Array(1984), header)
    const open = (frame: Uint8Array): unknown => openHandshakeFrame(crypto, { introKey, frame })
    expect(open(sealed(plain(3, 0, 0, 1)))).toEqual(new Uint8Array(3))
    const bad: [Uint8Array, string][] = [
      [plain(0xb9, 7, 0, 1), 'tlv/bad-frame'],
      [plain(0, 0, 0, 0), 'tlv/bad-frame'],
      [plain(0, 0, 1, 1), 'tlv/bad-frame'],
      [plain(0, 0, 0, 2), 'tlv/bad-frame'],
      [withByte(plain(3, 0, 0, 1), 11, 1), 'tlv/bad-padding'],
      [withByte(plain(3, 0, 0, 1), 1983, 1), 'tlv/bad-padding'],
    ]
    for (const [plaintext, code] of bad) {
      expect(refusal(() => open(sealed(plaintext)))).toBe(code)
      const other = crypto.x25519.generate()
      expect(openHandshakeFrame(crypto, { introKey: other, frame: sealed(plaintext) })).toBeNull()
    }
  })

  it('the same for chunks', () => {
    const root = text(32)
    const sealed = (header: Uint8Array, body: Uint8Array): Uint8Array => {
      const headerKey = crypto.hkdfSha256(key(8), new Uint8Array(0), utf8('hyphae chunk frame v1 header'), 32)
      const mask = crypto.chacha20(headerKey, new Uint8Array(12), 90)
      const masked = header.map((byte, i) => byte ^ (mask[14 + i] as number))
      const head = concatBytes(Uint8Array.of(1, 0), mask.subarray(0, 14), masked)
      const bodyKey = crypto.hkdfSha256(key(8), root, utf8('hyphae chunk frame v1 body'), 32)
      return concatBytes(head, crypto.chacha20Poly1305.seal(bodyKey, new Uint8Array(12), body, head))
    }
    // Index 0 of 1, 3 bytes.
    const header = withHeader(new Uint8Array(76), [
      ...root,
      0,
      0,
      0,
      0,
      1,
      0,
      0,
      0,
      3,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      3,
      0,
    ])
    const body = new Uint8Array(CHUNK_BYTES)
    const open = (frame: Uint8Array): unknown => openChunk(crypto, { key: key(8), index: 0, frame })
    expect(open(sealed(header, body))).toMatchObject({ data: new Uint8Array(3) })
    // Index, count, size, its high half, length, and the reserved bytes.
    for (const at of [32, 36, 40, 43, 44, 47, 48, 49, 50, 75]) {
      expect(refusal(() => open(sealed(withByte(header, at, 2), body)))).toBe('tlv/bad-frame')
    }
    for (const at of [3, 3987])
      expect(refusal(() => open(sealed(header, withByte(body, at, 1))))).toBe('tlv/bad-padding')
    const frame = sealed(withByte(header, 32, 2), body)
    expect(open(withBitFlipped(frame, 8 * 4095))).toBeNull()
    // A header that is right in itself, but of another place: chunk 1 of 3, where 0 is opened.
    const place = (index: number): Uint8Array => {
      const whole = withByte(withByte(header, 32, index), 36, 3)
      whole.set([...u32(3 * CHUNK_BYTES), 0, 0, 0, 0, CHUNK_BYTES & 255, CHUNK_BYTES >> 8], 40)
      return whole
    }
    expect(open(sealed(place(0), body))).toMatchObject({ header: { index: 0, count: 3 } })
    expect(refusal(() => open(sealed(place(1), body)))).toBe('tlv/bad-frame')
  })
})

describe('hostile 12: keys of small order in handshake frames', () => {
  const SMALL_ORDER = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
  ].map(fromHex)

  it.each(PROVIDERS)('are nobody to seal to, and null to open, %s provider', (_name, crypto) => {
    const introKey = crypto.x25519.generate()
    const frame = sealHandshakeFrame(crypto, { introKey: introKey.publicKey, payload: text(3) })
    for (const point of SMALL_ORDER) {
      for (const top of [0, 0x80]) {
        const enc = withByte(point, 31, (point[31] as number) | top)
        const forged = frame.slice()
        forged.set(enc, 16)
        expect(openHandshakeFrame(crypto, { introKey, frame: forged })).toBeNull()
        expect(() => sealHandshakeFrame(crypto, { introKey: enc, payload: text(3) })).toThrow(
          expect.objectContaining({ name: 'CryptoError' }),
        )
      }
    }
    for (const length of [0, 31, 33]) {
      expect(() => sealHandshakeFrame(crypto, { introKey: text(length), payload: text(3) })).toThrow(
        expect.objectContaining({ name: 'CryptoError' }),
      )
    }
  })
})

describe('hostile 2: sizes and counts in frames', () => {
  const [, crypto] = PROVIDERS[0]!

  it('are refused before anything is allocated by them', () => {
    const mask = frameMask(crypto, key(1), 0)
    const sealedFrames = SEALED_SIZES.map((size) => {
      const frame = coverFrame(crypto, size)
      frame[54] = (mask[52] as number) ^ 0xff
      frame[55] = (mask[53] as number) ^ 0x0f
      return frame
    })
    const grown = heapGrowth(() => {
      for (const frame of sealedFrames)
        expect(refusal(() => openFrameHeader(frame, mask))).toBe('tlv/bad-frame')
      for (const index of [-1, 0.5, MAX_CHUNKS, 2 ** 30, Number.NaN]) {
        const frame = coverFrame(crypto, 4096)
        expect(refusal(() => openChunk(crypto, { key: key(1), index, frame }))).toBe('tlv/bad-number')
      }
      for (const size of [-1, 0.5, MAX_FILE_BYTES + 1, 2 ** 53]) {
        expect(refusal(() => chunkCount(size))).toBe('tlv/bad-number')
      }
      expect(refusal(() => coverFrame(crypto, (2 ** 30) as FrameSize))).toBe('tlv/bad-frame')
    })
    expect(grown).toBeLessThan(MIB)
  })

  it('a body length that the frame cannot hold is refused, whatever says so', () => {
    const frame = coverFrame(crypto, 128)
    const input = { frame, messageKey: key(1), associatedData: text(3) }
    for (const length of [-1, 57, 0.5, Number.NaN, 2 ** 30]) {
      expect(refusal(() => openFrameBody(crypto, { ...input, length }))).toBe('tlv/bad-frame')
    }
    expect(openFrameBody(crypto, { ...input, length: 56 })).toBeNull()
  })
})

function withHeader(plaintext: Uint8Array, header: readonly number[]): Uint8Array {
  plaintext.set(header)
  return plaintext
}

/** Little-endian. */
function u32(value: number): number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]
}
