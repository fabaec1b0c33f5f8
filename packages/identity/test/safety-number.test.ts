import { fromHex } from '@hyphae/core'
import { defaultCrypto as crypto, nobleCrypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { formatSafetyNumber, safetyNumber } from '../src/index.js'
import { codeOf } from './support.js'

const a = fromHex('ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c')
const b = fromHex('8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c')
const c = fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')

describe('safety number', () => {
  it('is the same 60 digits for both people, with every provider', () => {
    const number = safetyNumber(crypto, a, b)
    expect(number).toMatch(/^[0-9]{60}$/)
    expect(safetyNumber(nobleCrypto, b, a)).toBe(number)
    expect(formatSafetyNumber(number)).toMatch(/^([0-9]{5} ){11}[0-9]{5}$/)
  })

  it('is another one with another key', () => {
    const halves = (number: string): string[] => [number.slice(0, 30), number.slice(30)]
    const shared = halves(safetyNumber(crypto, a, b)).filter((half) =>
      halves(safetyNumber(crypto, a, c)).includes(half),
    )
    expect(shared).toHaveLength(1)
  })

  it('is not made for keys that cannot sign', () => {
    for (const bad of [new Uint8Array(32), new Uint8Array(31), new Uint8Array(32).fill(255)]) {
      expect(codeOf(() => safetyNumber(crypto, a, bad))).toBe('identity/bad-key')
      expect(codeOf(() => safetyNumber(crypto, bad, a))).toBe('identity/bad-key')
    }
  })
})
