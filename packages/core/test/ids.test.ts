import { describe, expect, it } from 'vitest'
import { boxId, deviceId, groupId, idBytes, messageId } from '../src/index.js'

describe('identifiers', () => {
  it('a device is 64 hexadecimal digits, a message and a group 32', () => {
    expect(deviceId(new Uint8Array(32).fill(0xab))).toBe('ab'.repeat(32))
    expect(messageId(new Uint8Array(16).fill(0x01))).toBe('01'.repeat(16))
    expect(groupId(new Uint8Array(16).fill(0xff))).toBe('ff'.repeat(16))
  })

  it('gives back the bytes it was made from', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i * 7)
    expect(idBytes(messageId(bytes))).toEqual(bytes)
  })

  it('a box id is the key itself', () => {
    const key = new Uint8Array(32)
    expect(boxId(key)).toBe(key)
  })

  it.each([
    ['boxId', boxId, 32],
    ['deviceId', deviceId, 32],
    ['messageId', messageId, 16],
    ['groupId', groupId, 16],
  ] as const)('hostile 1: %s refuses every other length and names both', (_name, make, expected) => {
    for (const length of [0, 1, expected - 1, expected + 1, 64]) {
      expect(() => make(new Uint8Array(length))).toThrow(
        expect.objectContaining({ code: 'core/bad-id', details: { length, expected } }),
      )
    }
  })
})
