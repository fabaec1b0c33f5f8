/** Sealing reuses its working memory: nothing of one frame may show in, or depend on, another. */
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { frameMask, openFrameBody, type SealedSize, sealFrame } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import { refusal, text } from './support.js'

const KEY = text(32)

function seal(size: SealedSize, length: number, n: number, associatedData = text(32)): Uint8Array {
  const header = { ratchetKey: text(32), n, pn: 0, length, pqEpoch: 0 }
  const mask = frameMask(crypto, KEY, n)
  return sealFrame(crypto, { mask, header, messageKey: KEY, associatedData, body: text(length), size })
}

describe('sealing one frame after another', () => {
  it('gives the bytes that it gives alone, whatever was sealed before', () => {
    const alone = seal(128, 5, 1).slice()
    for (const [size, length] of [
      [2048, 1976],
      [512, 440],
      [128, 56],
    ] as const) {
      seal(size, length, 7)
      expect(seal(128, 5, 1)).toEqual(alone)
      expect(refusal(() => seal(128, 57, 2))).toMatch(/^tlv\//)
      expect(seal(128, 5, 1)).toEqual(alone)
    }
  })

  it('leaves a frame that was given out as it was', () => {
    const first = seal(2048, 1000, 1)
    const copy = first.slice()
    seal(2048, 1976, 2)
    expect(first).toEqual(copy)
  })

  it('binds associated data of any length', () => {
    for (const length of [0, 255, 256, 257, 1000]) {
      const associatedData = text(length)
      const frame = seal(128, 9, 3, associatedData)
      const input = { frame, messageKey: KEY, length: 9 }
      expect(openFrameBody(crypto, { ...input, associatedData })).toEqual(text(9))
      expect(openFrameBody(crypto, { ...input, associatedData: text(length + 1) })).toBeNull()
    }
  })

  it('gives unrelated tags and headers for one header under different numbers', () => {
    const [a, b] = [seal(128, 5, 1), seal(128, 5, 2)]
    const same = a.subarray(2, 56).filter((byte, i) => byte === b[2 + i]).length
    expect(same).toBeLessThan(10)
  })
})
